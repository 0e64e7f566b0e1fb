"""Files of Debian packages for tools/make-strange-pictures: fetched without root rights, unpacked, never installed."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path


class Unavailable(Exception):
    """This system lacks what a kind of picture needs; the message says what."""


class Failed(Exception):
    """Something went wrong that the reader can mend; the message says what."""


class Source:
    """Where a picture came from: a file of a package, or "generated" and the generator's name in `path`."""

    def __init__(self, package, version, path, details):
        self.package, self.version, self.path, self.details = package, version, path, details


def run(command, folder=None):
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})
    except FileNotFoundError:
        raise Unavailable(f"{command[0]} is not here; photographs, drawings and text are taken from Debian packages "
                          "(--kinds skin,noise needs none)") from None


def last_line(text):
    return (text.strip().splitlines() or ["no message"])[-1]


class Packages:
    """Packages by name. `cache` keeps the fetched files; `unpacked` is a folder that the caller removes."""

    def __init__(self, cache, unpacked):
        self.cache, self.unpacked = cache, unpacked
        self.found = {}

    def get(self, name, installed_will_do=False):
        """The version of the package and the folder that its paths start from."""
        if name not in self.found:
            version = self.installed_version(name) if installed_will_do else None
            self.found[name] = (version, Path("/")) if version else self.unpack(name, self.fetch(name))
        return self.found[name]

    def copyright_of(self, name):
        """The file with the package's licences; None where there is none."""
        if name not in self.found:
            return None
        file = self.found[name][1] / "usr/share/doc" / name / "copyright"
        return file if file.is_file() else None

    @staticmethod
    def installed_version(name):
        """The version of an installed package; None where it is not installed."""
        found = run(["dpkg-query", "-W", "-f=${db:Status-Status} ${Version}\n", name])
        match = re.search(r"^installed (\S+)$", found.stdout, re.MULTILINE)
        return match.group(1) if match else None

    def fetch(self, name):
        """The package's file, from the cache or from the distribution."""
        listed = run(["apt-get", "download", "--print-uris", name])
        match = re.search(r"^'\S+' (\S+\.deb) (\d+) SHA256:([0-9a-f]{64})", listed.stdout, re.MULTILINE)
        if match is None:
            raise Failed(f"package {name}: apt-get does not know where to fetch it: {last_line(listed.stderr)} (are the "
                         "package lists there? as root: apt-get update)")
        file, size, digest = self.cache / match.group(1), int(match.group(2)), match.group(3)
        if file.is_file() and file.stat().st_size == size and sha256(file) == digest:
            return file
        print(f"  fetching {name}, {size / 1e6:.1f} MB", flush=True)
        self.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetching.", dir=self.cache) as folder:
            fetched = run(["apt-get", "-q", "download", name], folder)
            partial = Path(folder) / file.name
            if fetched.returncode != 0 or not partial.is_file():
                raise Failed(f"package {name} could not be fetched: {last_line(fetched.stderr)}")
            if sha256(partial) != digest:
                raise Failed(f"package {name}: what was fetched is not what the package lists announce; as root: apt-get update")
            partial.replace(file)
        return file

    def unpack(self, name, file):
        folder = self.unpacked / name
        folder.mkdir(parents=True)
        needed = 4 * file.stat().st_size
        if shutil.disk_usage(folder).free < needed:
            raise Failed(f"too little room beside the pictures to unpack {name}; expected {needed / 1e6:.0f} MB")
        done = run(["dpkg-deb", "-x", str(file), str(folder)])
        if done.returncode != 0:
            raise Failed(f"{file} cannot be unpacked: {last_line(done.stderr)}")
        return run(["dpkg-deb", "-f", str(file), "Version"]).stdout.strip(), folder


def sha256(file):
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
