#!/bin/sh
# An optimised Python 3.13 (profile-guided, link-time optimised, as AWS builds its own) on a Debian that
# has none: Debian 13's package with the C library that it was linked against, unpacked below the folder
# given. Nothing is installed, root is not needed, and apt checks the signatures.
#
# Where it cannot be had, functions run on whatever Python there is; `lambdameter doctor` tells which.
#
# usage: debian.sh CACHE_FOLDER
set -eu
release=trixie
name=python3.13
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
home=$1/interpreters/cpython-3.13-debian

[ ! -x "$home/bin/$name" ] || exit 0
command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null && [ -r "$keyring" ] || exit 0
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2> /dev/null | grep -m 1 '/debian/\{0,1\}$') || exit 0

mkdir -p "$1/interpreters"
work=$(mktemp -d "$1/interpreters/making-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/root"
: > "$work/status"
echo "deb [signed-by=$keyring] $mirror $release main" > "$work/sources.list"

apt() {
    apt-get --quiet=2 -o Dir::State="$work" -o Dir::State::lists="$work/lists" \
        -o Dir::State::status="$work/status" -o Dir::Cache="$work" \
        -o Dir::Cache::archives="$work/archives" -o Dir::Etc::sourcelist="$work/sources.list" \
        -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=- -o Debug::NoLocking=1 \
        -o APT::Sandbox::User= "$@"
}

echo "Python 3.13 of Debian 13 -> $home" >&2
if ! { apt update && apt --yes --no-install-recommends --download-only install "$name"; } > "$work/log" 2>&1; then
    echo "  not to be had: $(tail -n 1 "$work/log"). Functions run on the Python that is there." >&2
    exit 0
fi
for package in "$work"/archives/*.deb; do
    dpkg-deb --extract "$package" "$work/root"
done

# As a Python finds itself: bin/python3.13 beside lib/python3.13. The libraries lie apart, since those of
# another C library are no other program's.
made=$work/made
mkdir -p "$made/bin" "$made/lib/libraries"
mv "$work/root/usr/lib/$name" "$made/lib/$name"
mv "$work/root/usr/bin/$name" "$made/lib/$name.elf"
find "$work/root/usr/lib" -mindepth 2 -maxdepth 2 -name '*.so*' -exec cp -P {} "$made/lib/libraries/" \;
rm -f "$made/lib/$name/EXTERNALLY-MANAGED"
cat > "$made/bin/$name" << 'END'
#!/bin/sh
# Debian's interpreter on Debian's own C library, which is newer than the host's.
lang=${0%/bin/*}
exec "$lang"/lib/libraries/ld-linux-*.so.* --argv0 "$0" \
    --library-path "$lang/lib/libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$lang/lib/python3.13.elf" "$@"
END
chmod 755 "$made/bin/$name" "$made"
"$made/bin/$name" -I -m compileall -q "$made/lib/$name" > /dev/null || true
"$made/bin/$name" -I -c 'import ctypes, hashlib, json, sqlite3, ssl, zlib' || {
    echo "  does not run here. Functions run on the Python that is there." >&2
    exit 0
}
mv -T "$made" "$home" 2> /dev/null || [ -x "$home/bin/$name" ]
