#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs what tests need beside Python packages, or says which command does.
# Usage: ensure.sh postgresql|redis|chromium|axe|promtool|faketime|pango ...     or: ensure.sh python INTERPRETER
set -eu

updated=no

# install PACKAGE...: by apt as root. Elsewhere the command is shown and 1 returned.
install() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "Missing: $*. Install it (on Debian or Ubuntu: sudo apt-get install $*)" >&2
        return 1
    fi
    echo "Installing $* with apt-get"
    if [ "$updated" = no ]; then
        apt-get update -qq
        updated=yes
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null </dev/null
}

has_chromium() {
    [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || command -v chromium >/dev/null 2>&1
}

# The accessibility checks that pages are held to, as tests/app/axe pins them, into build/axe.
ensure_axe() {
    if cmp -s tests/app/axe/package-lock.json build/axe/package-lock.json \
        && [ -f build/axe/node_modules/axe-core/axe.min.js ]; then
        return 0
    fi
    command -v npm >/dev/null 2>&1 || install npm || return 1
    mkdir -p build/axe
    cp tests/app/axe/package.json tests/app/axe/package-lock.json build/axe/
    (cd build/axe && npm ci --silent --ignore-scripts --no-audit --no-fund) && return 0
    rm -f build/axe/package-lock.json
    return 1
}

# What PDF files are drawn with, and letters to draw.
has_pango() {
    ldconfig -p 2>/dev/null | grep -q 'libpangoft2-1\.0\.so\.0' && [ -d /usr/share/fonts/truetype ]
}

has_postgresql() {
    command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

# A server that is missing does not stop the tests: those that need it skip with a
# reason, or fail where CI is set.
ensure_server() {
    case $1 in
        postgresql) has_postgresql || install postgresql || true ;;
        promtool) command -v promtool >/dev/null 2>&1 || install prometheus || true ;;
        faketime) ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || install faketime || true ;;
        redis) command -v redis-server >/dev/null 2>&1 || install redis-server || true ;;
        chromium) has_chromium || install chromium || true ;;
        pango) has_pango || install libpango-1.0-0 libpangoft2-1.0-0 fonts-dejavu-core || true ;;
        axe) ensure_axe || echo "axe-core could not be installed" >&2 ;;
        *) echo "unknown server: $1" >&2; exit 64 ;;
    esac
}

ensure_python() {
    if ! command -v "$1" >/dev/null 2>&1; then
        echo "Python 3.11 or later is needed; '$1' was not found." \
             "Another one is named with: make PYTHON=python3.12 ..." >&2
        exit 1
    fi
    if ! "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "Python 3.11 or later is needed; '$1' is $("$1" --version 2>&1)." \
             "Another one is named with: make PYTHON=python3.12 ..." >&2
        exit 1
    fi
    if ! "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        install "python$version-venv" || exit 1
    fi
}

if [ "${1:-}" = python ]; then
    ensure_python "${2:-python3}"
else
    for server in "$@"; do ensure_server "$server"; done
fi
