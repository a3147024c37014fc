#!/bin/sh
# asking.sh PROGRAM ARGUMENT…: the password, which may hold blanks, comes by PASSWORD and goes in.
printf '%s\n' "$PASSWORD" | "$@"
