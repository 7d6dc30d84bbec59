#!/usr/bin/env python3
"""A TCP proxy that misbehaves when told: it stands between a client and a server in fault tests.

  tools/servers/proxy.py --to HOST:PORT [--listen PORT] [--control PORT]

The control port takes a word a line and answers `ok`:

  pass           as if it were not there (also ends what was before)
  refuse         new connections are closed at once, those that are open too
  freeze         nothing goes through, nothing is closed; what came meanwhile follows on `pass`
  delay MS       each piece of data is late by so much
  cut BYTES      each connection is closed when so much has come back to its client
  rate BYTES     so much a second and direction
  rst            open connections are reset, new ones too

From Python: class Proxy, in a thread of its own; its methods have the same names and may be called
from any thread. Each takes effect for connections that are open, too.
"""
import argparse
import asyncio
import contextlib
import pathlib
import socket
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from process import free_port  # noqa: E402

PIECE_BYTES = 64 * 1024
# What may lie in the proxy itself: a frozen one must not be a big buffer.
BUFFER_BYTES = 256 * 1024
WORDS = {"pass": 0, "refuse": 0, "freeze": 0, "delay": 1, "cut": 1, "rate": 1, "rst": 0}


class Proxy:
    """`port` is where clients go; `target` (host, port) may be set until the first one comes."""

    def __init__(self, target=None, port=None):
        self.port = port or free_port()
        self.target = target
        self.connections = 0
        self._mode, self._value = "pass", 0
        self._open = set()
        self._started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._changed = None
        self._error = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        self._started.wait()
        if self._error:
            raise self._error
        return self

    def end(self):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.end()

    # What it does from now on.

    def pass_(self):
        self.set("pass")

    def refuse(self):
        self.set("refuse")

    def freeze(self):
        self.set("freeze")

    def delay(self, milliseconds):
        self.set("delay", milliseconds)

    def cut(self, byte_count):
        self.set("cut", byte_count)

    def rate(self, bytes_per_s):
        self.set("rate", bytes_per_s)

    def rst(self):
        self.set("rst")

    def set(self, mode, value=0):
        """Returns when it is in effect."""
        asyncio.run_coroutine_threadsafe(self._set(mode, value), self._loop).result()

    async def _set(self, mode, value):
        self._mode, self._value = mode, value
        if mode in ("refuse", "rst"):
            for connection in list(self._open):
                connection.close(reset=mode == "rst")
        for connection in self._open:
            connection.passed = 0
        self._changed.set()
        self._changed = asyncio.Event()

    # The work, in the thread.

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self):
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        try:
            server = await asyncio.start_server(self._accept, "127.0.0.1", self.port,
                                                limit=BUFFER_BYTES, backlog=512)
        except OSError as error:
            self._error = error
            self._started.set()
            return
        self._started.set()
        await self._stop.wait()
        server.close()
        for connection in list(self._open):
            connection.close(reset=False)
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader, writer):
        connection = _Connection(writer)
        self._open.add(connection)
        self.connections += 1
        try:
            # A frozen server accepts (its kernel does) and says nothing.
            while self._mode == "freeze":
                await self._changed.wait()
            if self._mode in ("refuse", "rst") or self.target is None:
                connection.close(reset=self._mode == "rst")
                return
            to_reader, to_writer = await asyncio.open_connection(*self.target, limit=BUFFER_BYTES)
            connection.writers.append(to_writer)
            await asyncio.gather(self._pump(connection, reader, to_writer, False),
                                 self._pump(connection, to_reader, writer, True))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            connection.close(reset=False)
            self._open.discard(connection)

    async def _pump(self, connection, reader, writer, is_answer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(PIECE_BYTES):
                if not await self._hold(connection, data, is_answer):
                    continue
                if self._mode == "cut" and is_answer:
                    left = self._value - connection.passed
                    connection.passed += len(data)
                    if len(data) >= left:
                        writer.write(data[:left])
                        with contextlib.suppress(OSError):
                            await writer.drain()
                        connection.close(reset=False)
                        return
                writer.write(data)
                await writer.drain()
        # One half has ended; the other goes on.
        with contextlib.suppress(OSError, RuntimeError):
            if writer.can_write_eof():
                writer.write_eof()

    async def _hold(self, connection, data, is_answer):
        """Waits as the mode says; False: the connection is gone meanwhile."""
        if self._mode == "delay":
            await asyncio.sleep(self._value / 1000)
        elif self._mode == "rate":
            await asyncio.sleep(len(data) / max(1, self._value))
        while self._mode == "freeze":
            await self._changed.wait()
        return not connection.closed


class _Connection:
    def __init__(self, writer):
        self.writers = [writer]
        self.passed = 0
        self.closed = False

    def close(self, reset):
        self.closed = True
        for writer in self.writers:
            if reset and not writer.is_closing():
                with contextlib.suppress(OSError):
                    writer.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            else:
                writer.close()


def control(proxy, line):
    """Does what a line of the control port says; gives the answer."""
    words = line.split()
    if not words or words[0] not in WORDS or len(words) - 1 != WORDS[words[0]]:
        return "what? one of: " + ", ".join(
            word + (" NUMBER" if count else "") for word, count in WORDS.items())
    try:
        proxy.set(words[0], *map(int, words[1:]))
    except ValueError:
        return f"not a number: {words[1]}"
    return "ok"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", required=True)
    parser.add_argument("--listen", type=int)
    parser.add_argument("--control", type=int)
    options = parser.parse_args()
    host, _, port = options.to.rpartition(":")
    with Proxy((host, int(port)), options.listen) as proxy, \
            socket.create_server(("127.0.0.1", options.control or free_port())) as server:
        print(f"listens on {proxy.port}, control on {server.getsockname()[1]}", flush=True)
        while True:
            client, _ = server.accept()
            with client, client.makefile("rw", encoding="utf-8") as lines:
                with contextlib.suppress(ConnectionError):
                    for line in lines:
                        lines.write(control(proxy, line) + "\n")
                        lines.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
