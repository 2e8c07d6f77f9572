# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The services beside EC2 that clients of it call: IAM and STS, KMS, Organizations, Service Quotas."""
