"""The compose files."""

import subprocess
import tomllib

import menshen
import yaml

DEVELOPMENT = "docker-compose.yml"
PRODUCTION = "deploy/compose/production.yml"
EXAMPLE = "deploy/compose/production.example.toml"


def services(file):
    with open(file, encoding="utf-8") as text:
        return yaml.safe_load(text)["services"]


def check_docker_compose_understands_the_files():
    for file in (DEVELOPMENT, PRODUCTION):
        done = subprocess.run(["docker-compose", "-f", file, "config", "-q"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{file}: {done.stderr}"


def check_the_replicas_of_the_first_run_take_their_settings():
    given = services(DEVELOPMENT)["replica-1"]["environment"]
    menshen.check_settings(None, given, "/nowhere")


def check_the_replicas_of_production_take_their_settings():
    given = services(PRODUCTION)["replica-1"]["environment"]
    menshen.check_settings(EXAMPLE, given, "/run/secrets")


def check_nginx_alone_is_believed():
    with open(EXAMPLE, "rb") as text:
        production = tomllib.load(text)["server"]["trusted_proxies"]
    development = services(DEVELOPMENT)["replica-1"]["environment"]["MENSHEN_SERVER__TRUSTED_PROXIES"]
    for file, trusted in ((DEVELOPMENT, yaml.safe_load(development)), (PRODUCTION, production)):
        address = services(file)["nginx"]["networks"]["inside"]["ipv4_address"]
        assert trusted == [address], (file, trusted, address)


def check_two_replicas_are_alike_and_have_time_to_leave():
    with open(EXAMPLE, "rb") as text:
        server = tomllib.load(text)["server"]
    development = services(DEVELOPMENT)["replica-1"]["environment"]
    for file, delay, grace in (
        (DEVELOPMENT, development["MENSHEN_SERVER__DRAIN_DELAY"], "20s"),
        (PRODUCTION, server["drain_delay"], server["shutdown_grace"]),
    ):
        one, other = services(file)["replica-1"], services(file)["replica-2"]
        assert one == other, file
        leaving = menshen.seconds(delay) + menshen.seconds(grace)
        assert menshen.seconds(one["stop_grace_period"]) > leaving, file


def check_nothing_of_ours_writes_to_its_image_or_gains_privileges():
    for file in (DEVELOPMENT, PRODUCTION):
        for name, service in services(file).items():
            assert service["security_opt"] == ["no-new-privileges:true"], (file, name)
            if service.get("image", "").startswith(("menshen", "${MENSHEN_IMAGE")):
                assert service["read_only"] and service["cap_drop"] == ["ALL"], (file, name)


def check_only_nginx_is_reached_from_outside():
    for file in (DEVELOPMENT, PRODUCTION):
        reached = [name for name, service in services(file).items() if "ports" in service]
        assert reached == ["nginx"], (file, reached)
    # Whoever reaches the playground can sign in as anybody.
    assert services(DEVELOPMENT)["nginx"]["ports"] == ["127.0.0.1:8080:8080"]
