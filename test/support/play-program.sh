#!/bin/sh
# Plays a process of test/support/program-rows.ts.
#
#   sh play-program.sh FILE ends:0.2:1 stays
#
# FILE counts how often it has begun. It does the first of what follows the first time, and so on; the last of it from then on.
count=$1
shift
read -r begun 2>/dev/null <"$count" || begun=0
echo $((begun + 1)) >"$count"
[ "$begun" -lt $# ] || begun=$(($# - 1))
shift "$begun"
IFS=:
# shellcheck disable=SC2086
set -- $1
case $1 in
stays) exec sleep 600 ;;
ignores)
  trap '' TERM
  exec sleep 600
  ;;
lingers)
  trap "sleep $2; exit $3" TERM
  sleep 600 &
  wait
  ;;
ends)
  sleep "$2"
  case $3 in
  [0-9]*) exit "$3" ;;
  *) kill -s "$3" $$ ;;
  esac
  ;;
esac
