"""inject.py FILE INTERFACE: sends the frames of a capture on an interface at their own pace.
The demo runs it inside the office's namespace for a step whose program cannot run here."""
import pathlib
import socket
import sys
import time

import capture


def main():
    path, interface = sys.argv[1:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((interface, 0))
        start = time.monotonic()
        for offset, packet in capture.read(pathlib.Path(path)):
            time.sleep(max(0.0, start + offset - time.monotonic()))
            out.send(packet)


if __name__ == "__main__":
    main()
