#!/bin/sh
# Collects what a cluster says about itself, for esaudit: nodes, settings, users, roles, API keys, certificates.
#
#   ELASTIC_PASSWORD=... sh esaudit-collect.sh [-o FOLDER|FILE.tar.gz] [--cacert FILE] https://localhost:9200
#
# It only reads (GET, and POST to _query/api_key, which searches). What the cluster refuses is said, and left out. Who asks:
#   ELASTIC_API_KEY              an API key in its encoded form, or
#   ELASTIC_USER, ELASTIC_PASSWORD   (user: elastic), or
#   NETRC                        a netrc file with the host's login.
# None of them is ever on a command line, where other users of the machine would see it. A user with the cluster privileges
# `monitor` and `read_security` may read everything (before 8.5 `manage_security` in place of the latter).
#
# Elasticsearch 7.17 to 9.x; needs sh, curl, awk, sed; tar for an archive.
set -u
umask 077

usage() { sed -n '2,5p' "$0" | sed 's/^# \{0,1\}//'; }

out=esaudit-context
cacert=
insecure=
url=
while [ $# -gt 0 ]; do
    case $1 in
        -o) [ $# -gt 1 ] || { usage >&2; exit 64; }; out=$2; shift 2 ;;
        --cacert) [ $# -gt 1 ] || { usage >&2; exit 64; }; cacert=$2; shift 2 ;;
        -k | --insecure) insecure=1; shift ;;
        -h | --help) usage; exit 0 ;;
        -*) echo "esaudit-collect: unknown option $1" >&2; usage >&2; exit 64 ;;
        *) url=${1%/}; shift ;;
    esac
done
[ -n "$url" ] || { usage >&2; exit 64; }
case $url in
    http://* | https://*) ;;
    *) echo "esaudit-collect: $url: not the address of a cluster, such as https://localhost:9200" >&2; exit 64 ;;
esac
case $url in
    *@*) echo "esaudit-collect: leave the password out of the address: other users of this machine would see it" >&2; exit 64 ;;
esac
command -v curl >/dev/null || { echo "esaudit-collect: curl is missing" >&2; exit 69; }

archive=
case $out in
    *.tar.gz | *.tgz) archive=$out; out=$(mktemp -d)/esaudit-context ;;
esac
if [ -e "$out" ] && [ -n "$(ls -A "$out" 2>/dev/null)" ]; then
    echo "esaudit-collect: $out is not empty" >&2
    exit 64
fi
mkdir -p "$out" || exit 73

# curl reads options, and so the secret, from a file that only this user can read; it is gone at the end.
secret=$(mktemp) || exit 73
trap 'rm -f "$secret" "$out/.answer"; [ -z "$archive" ] || rm -rf "${out%/*}"' EXIT
trap 'exit 130' HUP INT TERM

# A text within quotes, as curl's configuration wants it.
quoted() { printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g'; }

{
    echo 'silent'
    echo 'show-error'
    echo 'max-time = 300'
    echo 'connect-timeout = 20'
    [ -z "$cacert" ] || printf 'cacert = "%s"\n' "$(quoted "$cacert")"
    [ -z "$insecure" ] || echo 'insecure'
    if [ -n "${ELASTIC_API_KEY:-}" ]; then
        printf 'header = "Authorization: ApiKey %s"\n' "$(quoted "$ELASTIC_API_KEY")"
    elif [ -n "${ELASTIC_PASSWORD:-}" ]; then
        printf 'user = "%s:%s"\n' "$(quoted "${ELASTIC_USER:-elastic}")" "$(quoted "$ELASTIC_PASSWORD")"
    elif [ -n "${NETRC:-}" ]; then
        printf 'netrc-file = "%s"\n' "$(quoted "$NETRC")"
    fi
} >"$secret"

refused=0
failed=0

# Values of settings whose name speaks of a secret. Elasticsearch leaves out those of its keystore; this is for all others. What is
# on or off is none (`xpack.security.authc.token.enabled`).
redact() {
    secrets='("[^"]*(password|passphrase|secret|token|credential|api_key|apikey)[^"]*" *: *)'
    sed -E "s/$secrets\"(true|false)\"/\\1\\3/g; s/$secrets\"([^\"\\\\]|\\\\.)*\"/\\1\"(redacted)\"/g"
}

# ask NAME PATH [BODY]: writes the answer to NAME.json. What is not there in this version (400, 404, 405) is no failure.
ask() {
    name=$1 path=$2
    shift 2
    if [ $# -gt 0 ]; then
        status=$(printf '%s' "$1" | curl -K "$secret" -H 'Content-Type: application/json' --data-binary @- \
            -o "$out/.answer" -w '%{http_code}' "$url$path" 2>"$out/.error")
    else
        status=$(curl -K "$secret" -o "$out/.answer" -w '%{http_code}' "$url$path" 2>"$out/.error")
    fi
    code=$?
    error=$(cat "$out/.error" 2>/dev/null)
    rm -f "$out/.error"
    if [ $code -ne 0 ]; then
        failed=$((failed + 1))
        echo "$name: ${error:-curl ended with $code}" | tee -a "$out/not-collected.txt" >&2
        rm -f "$out/.answer"
        return 1
    fi
    case $status in
        200)
            case $name in
                nodes | cluster-settings) redact <"$out/.answer" >"$out/$name.json" ;;
                *) mv "$out/.answer" "$out/$name.json" ;;
            esac
            ;;
        401 | 403)
            refused=$((refused + 1))
            echo "$name: not allowed ($status): $path" | tee -a "$out/not-collected.txt" >&2
            ;;
        400 | 404 | 405 | 410) echo "$name: this version has no $path ($status)" >>"$out/not-collected.txt" ;;
        *)
            failed=$((failed + 1))
            echo "$name: the cluster answers $status: $path" | tee -a "$out/not-collected.txt" >&2
            ;;
    esac
    rm -f "$out/.answer"
    [ "$status" = 200 ]
}

if ! ask cluster /; then
    echo "esaudit-collect: nothing can be read from $url" >&2
    exit 69
fi
date -u '+%Y-%m-%dT%H:%M:%SZ' >"$out/collected-at.txt"

ask nodes '/_nodes?flat_settings=true'
ask cluster-settings '/_cluster/settings?flat_settings=true&include_defaults=true'
ask license /_license
ask users /_security/user
ask roles /_security/role
ask role-mappings /_security/role_mapping
ask privileges /_security/privilege
ask service-accounts /_security/service
ask certificates /_ssl/certificates

# Tokens of each service account: namespace/service are the keys of the first level.
if [ -f "$out/service-accounts.json" ]; then
    accounts=$(awk '{
        text = text $0
    } END {
        # Only what looks like namespace/service goes into a path.
        while (match(text, /"[a-z0-9_-]+\/[a-z0-9_-]+" *: *\{/)) {
            one = substr(text, RSTART + 1, RLENGTH - 1); sub(/".*/, "", one); print one
            text = substr(text, RSTART + RLENGTH)
        }
    }' "$out/service-accounts.json")
    for account in $accounts; do
        ask "service-tokens-$(printf '%s' "$account" | tr / -)" "/_security/service/$account/credential"
    done
fi

# All API keys, in pages: each begins after the last of the one before.
after=
page=0
limits='?with_limited_by=true'
while :; do
    page=$((page + 1))
    body='{"size":1000,"sort":["creation","_doc"]'
    [ -z "$after" ] || body="$body,\"search_after\":$after"
    if ! ask "api-keys-$page" "/_security/_query/api_key$limits" "$body}"; then
        # Before 8.5, or without the privilege to see what owners may do: once more without that.
        if [ -z "$limits" ] || [ $page -ne 1 ]; then break; fi
        limits=
        ask "api-keys-$page" /_security/_query/api_key "$body}" || break
    fi
    next=$(awk '{
        text = text $0
    } END {
        while (match(text, /"_sort" *: *\[[^]]*\]/)) {
            last = substr(text, RSTART, RLENGTH); text = substr(text, RSTART + RLENGTH)
        }
        sub(/^"_sort" *: */, "", last); print last
    }' "$out/api-keys-$page.json")
    # A page that does not move on is the last.
    if [ -z "$next" ] || [ "$next" = "$after" ]; then break; fi
    after=$next
done
[ $page -gt 1 ] || [ -f "$out/api-keys-1.json" ] || ask api-keys '/_security/api_key'

# A word of a command, in single quotes.
word() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# The logs are files of each node, and no API gives them: the commands that copy them.
if status=$(curl -K "$secret" -o "$out/.answer" -w '%{http_code}' \
    "$url/_nodes?format=yaml&flat_settings=true&filter_path=nodes.*.name,nodes.*.ip,nodes.*.settings.path.logs" 2>/dev/null) &&
    [ "$status" = 200 ]; then
    {
        echo "# The audit and server logs of each node, copied into the folder logs. Rolled files are among them."
        awk '
            function value(line) { sub(/^[^:]*: */, "", line); gsub(/^"|"$/, "", line); return line }
            function flush() { if (name != "") print name "\t" ip "\t" (logs == "" ? "-" : logs) }
            /^  "?[^ ].*:$/ { flush(); name = ""; ip = ""; logs = "" }
            /^    name:/ { name = value($0) }
            /^    ip:/ { ip = value($0) }
            /^ +"?path\.logs"?:/ { sub(/"path\.logs"/, "path.logs"); logs = value($0) }
            END { flush() }
        ' "$out/.answer" | while IFS="$(printf '\t')" read -r name ip logs; do
            folder=$(word "logs/$name")
            printf 'mkdir -p %s\n' "$folder"
            case $logs in
                /usr/share/elasticsearch/* | -)
                    printf 'docker cp %s %s\n' "$(word "$name:/usr/share/elasticsearch/logs/.")" "$folder"
                    printf 'kubectl cp %s %s   # add -n NAMESPACE; the pod bears the name of the node\n' \
                        "$(word "$name:/usr/share/elasticsearch/logs")" "$folder"
                    ;;
                *) printf 'scp -r %s %s\n' "$(word "$ip:$logs/*")" "$folder/" ;;
            esac
        done
    } >"$out/copy-logs.txt"
    cat "$out/copy-logs.txt"
fi

rm -f "$out/.answer"
if [ -n "$archive" ]; then
    tar -czf "$archive" -C "${out%/*}" esaudit-context || exit 73
    written=$archive
else
    written=$out
fi
echo "esaudit-collect: wrote $written: $refused not allowed, $failed failed" >&2
[ $failed -eq 0 ] || exit 1
