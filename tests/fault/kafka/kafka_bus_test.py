#!/usr/bin/env python3
"""The Kafka bus while its broker is killed, frozen and cut off, and its members stopped and killed.

Each case: one producer and two members of a group work; something bad happens in the middle. In the
end each acknowledged number was worked on, and the group has committed all there is.

  kafka_bus_test.py [CASE…]      needs BUS_WORKER, the program of bus_worker.cc
"""
import os
import pathlib
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[3] / "tools" / "servers"))
sys.path.insert(0, str(HERE.parents[1]))

from proxy import Proxy  # noqa: E402
from servers import Kafka, free_port  # noqa: E402
from worker import Worker, log_shown_on_failure, wait_for  # noqa: E402

WORKER = os.environ.get("BUS_WORKER", "")
PARTITIONS = 4
RECORDS = 2000
RATE = 250  # a second: eight seconds in all


class Case:
    """Runs the work around `happen(case)`, which does the harm and mends it."""

    def __init__(self, kafka, brokers, name):
        self.kafka, self.brokers, self.name = kafka, brokers, name
        self.topic, self.group = f"topic-{name}", f"group-{name}"
        self.members = []
        self.dead = []

    def start_member(self):
        self.members.append(Worker(self.log, WORKER, self.brokers, self.topic, "consume",
                                   self.group))

    def worked(self):
        return set().union(*(member.numbers("worked") for member in self.members + self.dead))

    def run(self, happen):
        started = time.monotonic()
        self.kafka.create_topics(self.topic, partitions=PARTITIONS)
        with log_shown_on_failure() as self.log:
            try:
                self._run(happen)
            finally:
                for worker in [*self.members, self.producer]:
                    worker.kill()
        print(f"{self.name}: {RECORDS} records in {time.monotonic() - started:.1f} s, "
              f"{self.doubled} worked on more than once")

    def _run(self, happen):
        self.producer = Worker(self.log, WORKER, self.brokers, self.topic, "produce", RECORDS,
                               RATE)
        self.start_member()
        self.start_member()
        wait_for("a fifth is worked on", lambda: len(self.worked()) > RECORDS // 5)
        happen(self)
        wait_for("all is acknowledged", lambda: len(self.producer.numbers("produced")) == RECORDS)
        try:
            wait_for("all is worked on", lambda: len(self.worked()) == RECORDS)
        except AssertionError as error:
            raise AssertionError(f"{error}: {sorted(set(range(RECORDS)) - self.worked())} are not; "
                                 f"{self.kafka.lag(self.group, self.topic, PARTITIONS)} are not "
                                 "committed") from None
        wait_for("all is committed",
                 lambda: self.kafka.lag(self.group, self.topic, PARTITIONS) == 0)
        assert self.producer.process.wait(30) == 0
        for member in self.members:
            assert member.end() == 0, "a member ends well"
        said = [words for worker in self.members + self.dead for words in worker.said]
        self.doubled = len(said) - len({tuple(words) for words in said})


def broker_killed(case):
    case.kafka.kill()
    time.sleep(2)
    case.kafka.start()


def broker_frozen(case):
    """Longer than a request may take: connections are given up and made again."""
    case.proxy.freeze()
    time.sleep(12)
    case.proxy.pass_()


def connections_reset(case):
    for _ in range(5):
        case.proxy.rst()
        time.sleep(0.3)
        case.proxy.pass_()
        time.sleep(0.7)


def member_stopped(case):
    """Longer than its session: its partitions go to the other, and it finds them gone."""
    case.members[0].process.send_signal(signal.SIGSTOP)
    time.sleep(9)
    case.members[0].process.send_signal(signal.SIGCONT)


def member_killed(case):
    victim = case.members.pop(0)
    victim.kill()
    case.dead.append(victim)
    case.start_member()


CASES = {"broker_killed": broker_killed, "broker_frozen": broker_frozen,
         "connections_reset": connections_reset, "member_stopped": member_stopped,
         "member_killed": member_killed}


def main():
    names = sys.argv[1:] or list(CASES)
    port = free_port()
    with Kafka(advertised_port=port) as kafka, Proxy(("127.0.0.1", kafka.proxied_port), port) as proxy:
        for name in names:
            case = Case(kafka, f"127.0.0.1:{port}", name)
            case.proxy = proxy
            case.run(CASES[name])


if __name__ == "__main__":
    main()
