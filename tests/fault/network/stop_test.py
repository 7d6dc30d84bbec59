#!/usr/bin/env python3
"""SIGTERM while a server is frozen: it takes connections and answers nothing, so that whatever a role
has asked it for stays open. Each role ends within its limit, and nothing that was accepted is lost.

  INSIGHTD_SEED, INSIGHTD_RATE
"""
import concurrent.futures
import contextlib
import signal
import threading
import time
import unittest

import load
from load import Load, new_deployment

# What the units allow before they kill (deploy/CMakeLists.txt), as docs/deploy.md says.
STOP_S_MAX = {"ingress": 30, "pipeline": 150, "writer": 60, "api": 30}
USERS = {"kafka": ("ingress", "pipeline", "writer"), "s3": ("ingress", "pipeline"),
         "postgres": ("writer", "api")}
FROZEN_S = 2  # before SIGTERM: long enough for all of them to hang in a call
# What is asked of the API meanwhile, by listener.
ASKED = (("http.address", load.harness.PUBLIC + "clusters"),
         ("http.address", "/api/insightd/v1/uploads/00000000000000000000000000000000"),
         ("http.aggregator_address", "/api/v1/organizations"),
         ("http.aggregator_address", "/api/v1/organizations/1/clusters"))


class StopTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = new_deployment(pipelines=1, proxied=True)
        cls.addClassCleanup(cls.deployment.end)
        cls.deployment.start()

    def stop_while_frozen(self, server):
        proxy = self.deployment.proxies[server]
        self.addCleanup(proxy.pass_)
        roles = [role for role in self.deployment.roles if role.role in USERS[server]]
        with Load(self.deployment, bad_share=0.05) as running, self.readers(running.doors):
            time.sleep(1)
            proxy.freeze()
            time.sleep(FROZEN_S)
            took = self.stop_all(roles)
            print(", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items()),
                  end="; ", flush=True)
            proxy.pass_()
            for role in roles:
                role.start()
            after = len(running.so_far())
            load.harness.wait_for(lambda: len(running.so_far()) > after + 5,
                                  "further uploads", 30)
        running.check(self)

    @contextlib.contextmanager
    def readers(self, doors):
        """Clients that ask the API again and again, whether it answers or not."""
        over = threading.Event()

        def ask(listener, path):
            while not over.wait(0.02):
                doors.get(path, listener)
        with concurrent.futures.ThreadPoolExecutor(len(ASKED)) as threads:
            for listener, path in ASKED:
                threads.submit(ask, listener, path)
            try:
                yield
            finally:
                over.set()

    def stop_all(self, roles):
        """All at once; gives how long each took."""
        begun, took = time.monotonic(), {}
        for role in roles:
            role.process.send_signal(signal.SIGTERM)
        while len(took) < len(roles):
            now = time.monotonic() - begun
            for role in roles:
                if role.name not in took and not role.alive:
                    took[role.name] = now
                    self.assertEqual(role.process.returncode, 0, f"{role.name}:\n{role.log_tail()}")
                limit = STOP_S_MAX[role.role]
                self.assertLess(took.get(role.name, now), limit,
                                f"{role.name} still runs {limit} s after SIGTERM:\n{role.log_tail()}")
            time.sleep(0.02)
        return took


def add_tests():
    for server in USERS:
        def test(self, server=server):
            self.stop_while_frozen(server)
        test.__doc__ = f"{server} is frozen: its users end in time, nothing is lost"
        setattr(StopTest, f"test_{server}_frozen", test)


add_tests()

if __name__ == "__main__":
    load.harness.main()
