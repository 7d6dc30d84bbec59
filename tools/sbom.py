#!/usr/bin/env python3
"""Writes what the program is made of, as CycloneDX 1.5 JSON: sbom.py BINARY [OUTPUT]

Three kinds of parts: shared libraries that the binary loads, with the Debian package that each
comes from; libraries that are compiled into it; packages of the page, as pinned by its lock file.
The same binary and lock file on the same machine give the same bytes.
"""
import base64
import json
import pathlib
import re
import subprocess
import sys
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Header libraries: nothing in the binary names them. Debian's package, and what it is.
COMPILED_IN = ["libboost1.81-dev", "libtomlplusplus-dev", "libcli11-dev", "libexpected-dev"]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def debian_package(package, **more):
    """One component; None where dpkg does not know the package."""
    try:
        version, architecture = run("dpkg-query", "-W", "-f",
                                          "${Version} ${Architecture}",
                                          package).split()
    except (subprocess.CalledProcessError, FileNotFoundError, ValueError):
        return None
    name = package.split(":")[0]
    purl = f"pkg:deb/debian/{name}@{version}?arch={architecture}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl,
            **more}


def loaded_libraries(binary):
    """All that the loader brings, those of libraries too."""
    loaded = re.findall(r"^\s*(\S+) => (/\S+)", run("ldd", str(binary)), re.MULTILINE)
    owners = owners_of([path for _, path in loaded])
    found = {}
    for soname, path in loaded:
        component = debian_package(owners[path]) if path in owners else None
        if component is None:
            component = {"type": "library", "bom-ref": soname, "name": soname}
        component = found.setdefault(component["bom-ref"], component)
        component.setdefault("properties", []).append({"name": "insightd:soname",
                                                       "value": soname})
    return list(found.values())


def owners_of(paths):
    """The package of each file. One may be known to dpkg by its place before /usr was merged."""
    names = {}
    for path in paths:
        real = str(pathlib.Path(path).resolve())
        for name in (path, real, real.removeprefix("/usr"), "/usr" + real):
            names.setdefault(name, path)
    try:
        # Exits with 1 where one name is unknown, which most are.
        said = subprocess.run(["dpkg-query", "-S", *names], capture_output=True, text=True).stdout
    except FileNotFoundError:
        return {}
    owners = {}
    for line in said.splitlines():
        package, _, name = line.partition(": ")
        if name in names:
            owners[names[name]] = package.split(",")[0]
    return owners


def page_packages():
    lock = json.loads((ROOT / "ui" / "package-lock.json").read_text())
    for path, package in sorted(lock["packages"].items()):
        if not path or package.get("dev") or package.get("optional"):
            continue
        name = path.rsplit("node_modules/", 1)[1]
        purl = f"pkg:npm/{name.replace('@', '%40', 1)}@{package['version']}"
        digest = base64.b64decode(package["integrity"].removeprefix("sha512-")).hex()
        component = {"type": "library", "bom-ref": purl, "name": name,
                     "version": package["version"], "purl": purl,
                     "hashes": [{"alg": "SHA-512", "content": digest}]}
        if isinstance(package.get("license"), str):
            component["licenses"] = [{"expression": package["license"]}]
        yield component


def document(binary):
    version = json.loads(run(str(binary), "version", "--json"))
    components = loaded_libraries(binary)
    components += [part for part in (debian_package(name, scope="required")
                                     for name in COMPILED_IN) if part]
    components += page_packages()
    by_ref = {part["bom-ref"]: part for part in components}
    components = [by_ref[ref] for ref in sorted(by_ref)]
    program = {"type": "application", "bom-ref": "insightd", "name": "insightd",
               "version": version["version"], "licenses": [{"license": {"id": "Apache-2.0"}}]}
    made = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "metadata": {"component": program}, "components": components,
            "dependencies": [{"ref": "insightd", "dependsOn": [c["bom-ref"] for c in components]}]}
    made["serialNumber"] = "urn:uuid:" + str(
        uuid.uuid5(uuid.NAMESPACE_URL, "insightd " + json.dumps(made, sort_keys=True)))
    return made


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    text = json.dumps(document(pathlib.Path(sys.argv[1])), indent=1) + "\n"
    if len(sys.argv) == 3:
        pathlib.Path(sys.argv[2]).write_text(text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
