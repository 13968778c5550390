"""Judging histories: is there one order that explains what every client was told?"""
