#!/bin/sh
# Fetches Debian's cloud kernel into the folder $1, without installing it.
set -eu
command -v qemu-system-x86_64 >/dev/null 2>&1 || {
    printf 'lambdameter needs QEMU for this test.\n  Next: apt-get install --no-install-recommends %s\n' \
        "$(cat "$(dirname "$0")/apt.txt")" >&2
    exit 3
}
[ -e "$1/vmlinuz" ] && exit 0
mkdir -p "$1"
cd "$1"
package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
apt-get download --quiet "$package" 2>/dev/null
dpkg-deb --fsys-tarfile "$package"_*.deb | tar --extract --wildcards './boot/vmlinuz-*'
rm "$package"_*.deb
mv boot/vmlinuz-* vmlinuz
rmdir boot
