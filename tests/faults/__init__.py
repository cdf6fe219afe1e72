"""Faults made in a running clinic, beneath what they are to hit: processes, networks, clocks, disks."""
