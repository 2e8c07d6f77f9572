# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine under a virtual clock and a seeded order of events, against an EC2 in memory where everything goes wrong.

A seed decides what there is, what is asked, what goes wrong and when. The engine runs in it, several times, in no time.
Then the laws are asked: who had access when, and what was said about it. The clock, the executor and the EC2 serve
without faults as well, for fleets of any size.

    clock.py        time, and workers without threads
    state.py        what EC2 holds at every time, and what others do to it
    ec2.py          what EC2 answers; test_same_ec2.py compares it with the embedded one
    faults.py       what goes wrong with requests on their way, and with reads
    edge.py         the way to EC2, in place of the engine's edge: attempts, pauses, what remains in doubt
    principals.py   accounts, organizations, and who is covered by what
    wishes.py       what is asked, and what that means, worked out without the engine
    worlds.py       from a seed to a scenario
    runs.py         the engine's runs in it
    laws/           what must be true of them
    story.py        what happened, in words
    found.py        what seeds have found, each as the smallest scenario that shows it
    pacing.py       how fast a run goes, instead of clock.py and edge.py where bench/ measures fleets
    put_back.py     faults put back into the engine, to see that the laws find them

To add a fault: a function of worlds.py and its row of _FAULTS; what it does is an event of a resource, a member of
Cloud, or something of faults.py. To add a law: a function in laws/ and its row of LAWS; then a fault in put_back.py
that only this law finds. When a seed fails, `make simulate SEED=…` tells its story. Fix what it found, add
the smallest scenario that shows it to found.py, and add the fault to put_back.py.
"""
