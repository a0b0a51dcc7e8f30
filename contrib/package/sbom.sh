#!/bin/sh
# Lists what the program is made of, on all systems together, as CycloneDX.
#   contrib/package/sbom.sh        -> target/package/esaudit.cdx.json
# Needs cargo-cyclonedx. The time is that of the commit (SOURCE_DATE_EPOCH), and no folder of this machine is named: the same commit
# gives the same bytes.
set -eu
cd "$(dirname "$0")/../.."

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
name=esaudit-$$.cdx
cargo cyclonedx --quiet --format json --spec-version 1.5 --target all --override-filename "$name"
mkdir -p target/package
sed "s#path+file://$PWD#path+file:///esaudit#g" "$name.json" >target/package/esaudit.cdx.json
# It writes one beside each Cargo.toml.
rm -f "$name.json" crates/*/"$name.json"
