"""nginx's own opinion of its configuration."""

import os
import re
import shutil
import subprocess
import tempfile


def tried(text):
    """`nginx -t` of a configuration, with everything that it names beside it."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree("deploy/nginx", os.path.join(folder, "nginx"))
        certificate, key = (os.path.join(folder, name) for name in ("cert.pem", "key.pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-subj", "/CN=login.example.com", "-days", "1", "-keyout", key, "-out", certificate],
            check=True, capture_output=True, timeout=60,
        )
        text = re.sub(r"ssl_certificate(\s+)\S+;", rf"ssl_certificate\1{certificate};", text)
        text = re.sub(r"ssl_certificate_key(\s+)\S+;", rf"ssl_certificate_key\1{key};", text)
        text = re.sub(r"<([^>]*)>", r"\1", text)
        text = re.sub(r"server (replica-\d|simulator):", "server 127.0.0.1:", text)
        # Where anybody may write, and ports that anybody may take.
        text = re.sub(r"(?m)^user .*$", "", text)
        text = re.sub(r"(?m)^pid .*$", f"pid {folder}/nginx.pid;", text)
        text = text.replace("/var/log/nginx", folder)
        text = re.sub(r"listen (\[::\]:)?(80|443)\b", lambda m: f"listen {m[1] or ''}{20000 + int(m[2])}", text)
        with open(os.path.join(folder, "nginx.conf"), "w", encoding="utf-8") as configuration:
            configuration.write(text)
        done = subprocess.run(
            ["nginx", "-t", "-p", folder, "-c", os.path.join(folder, "nginx.conf")],
            capture_output=True, text=True, timeout=60, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"},
        )
        assert done.returncode == 0 and "[warn]" not in done.stderr, done.stderr


def check_nginx_takes_the_configuration_for_production():
    with open("deploy/nginx.conf", encoding="utf-8") as text:
        tried(text.read())


def check_nginx_takes_the_configuration_of_the_first_run():
    with open("deploy/compose/nginx.conf", encoding="utf-8") as text:
        tried(text.read())
