#!/bin/sh
# Reads what is new since the last run, makes a report of the last parts, and tells what in it is new and grave since the report
# before. It is silent where there is nothing to tell, so that cron mails nothing.
#
# Exit status: 0 nothing of what follows; 1 a finding is new and as severe as ESAUDIT_FAIL_ON; 2 some file could not be read whole,
# and nothing is new; 3 something did not work, and the report before stays what the next run compares with.
#
# Environment: ESAUDIT_LOGS (a folder), ESAUDIT_KEPT (the folder of state, parts and reports), ESAUDIT_PARTS (how many of the
# last parts the report is about), ESAUDIT_FAIL_ON (a severity), ESAUDIT_OPTIONS (more options of `esaudit scan`).
set -u
umask 077
logs=${ESAUDIT_LOGS:-/var/log/elasticsearch}
kept=${ESAUDIT_KEPT:-/var/lib/esaudit}
most=${ESAUDIT_PARTS:-30}
severity=${ESAUDIT_FAIL_ON:-high}
status=0

failed() {
    printf 'esaudit-nightly: %s\n' "$1"
    cat said.txt 2>/dev/null
    exit 3
}

cd "$kept" || failed "no folder $kept"

# Status 2 with a part: some file could not be read whole. Without one, nothing was read.
last=$(find . -maxdepth 1 -name 'es-*.esa' | LC_ALL=C sort | tail -n 1)
# shellcheck disable=SC2086 # several options
esaudit scan "$logs" --state es.state --threads 1 ${ESAUDIT_OPTIONS:-} 2>said.txt
code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 2 ] || failed "scan ended with status $code"
if [ "$code" -eq 2 ]; then
    [ "$last" != "$(find . -maxdepth 1 -name 'es-*.esa' | LC_ALL=C sort | tail -n 1)" ] || failed "scan read nothing"
    printf 'esaudit-nightly: not everything could be read\n'
    status=2
fi
# Also what was replaced since the last run, and what is a copy.
cat said.txt

set -- es-*.esa
while [ "$#" -gt "$most" ]; do shift; done
# What is there afterwards was written now. Status 2 stays for as long as a part tells of a file that was not whole.
rm -f new.json news.txt
esaudit merge "$@" -o new.json --quiet 2>said.txt
code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 2 ] || failed "merge ended with status $code"
[ -s new.json ] || failed "merge wrote no report"

# The first night has nothing to compare with. Where a run ended between the two renames below, the report before is yesterday.json.
before=
for report in yesterday.json today.json; do
    [ ! -e "$report" ] || before=$report
done
if [ -n "$before" ]; then
    esaudit diff "$before" new.json --fail-on "$severity" >news.txt 2>said.txt
    code=$?
    case $code in
    0) ;;
    1)
        printf 'esaudit-nightly: look at %s\n' "$(uname -n)"
        cat news.txt
        status=1
        ;;
    *) failed "diff ended with status $code: the next run compares with the same report; move $kept/$before away if it is damaged" ;;
    esac
fi
[ ! -e today.json ] || mv -f today.json yesterday.json || failed "today.json was not renamed"
mv -f new.json today.json || failed "new.json was not renamed"
rm -f said.txt
exit "$status"
