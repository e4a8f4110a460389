#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Memory of the server for each idle WebSocket: net_idle.py PATH_OF_NET_ECHO [COUNT]. With NET_TLS=1
in the environment over TLS, else in plain text. Every link has sent and received 2 KB."""
import sys

from net_probe import RawSocket, Server, frame

COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 2000


def open_links(server, count):
    links = [RawSocket(server) for _ in range(count)]
    for link in links:
        link.send(frame(1, b"x" * 2000))
        assert link.receive() == (1, b"x" * 2000)
    return links


server = Server()
links = open_links(server, 50)
before = server.status("VmRSS")
links += open_links(server, COUNT)
after = server.status("VmRSS")
print(f"{(after - before) / COUNT:.1f} KB a link, {COUNT} links")
for link in links:
    link.close()
links = open_links(server, COUNT + 50)
print(f"as many again: {server.status('VmRSS') - after} KB more than the first time")
for link in links:
    link.close()
server.end()
