# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An EC2 on loopback: moto's server and state, completed for AMI attributes.

Nothing may live here: ``client`` runs on the standard library alone, so importing the package must not import moto.
"""
