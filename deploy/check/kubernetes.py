"""The manifests."""

import glob
import tomllib

import kubernetes_validate
import menshen
import yaml

FOLDER = "deploy/kubernetes"
SETTINGS = f"{FOLDER}/menshen.toml"
SECRETS = "/etc/menshen/secrets"


def manifests():
    for file in sorted(glob.glob(f"{FOLDER}/*.yaml")):
        if file.endswith("kustomization.yaml"):
            continue
        with open(file, encoding="utf-8") as text:
            for manifest in yaml.safe_load_all(text):
                yield file, manifest


def pods():
    for file, manifest in manifests():
        if manifest["kind"] in ("Deployment", "Job"):
            yield file, manifest["spec"]["template"]["spec"]


def deployment():
    [found] = [manifest for _, manifest in manifests() if manifest["kind"] == "Deployment"]
    return found["spec"]


def settings():
    with open(SETTINGS, "rb") as text:
        return tomllib.load(text)


def check_every_manifest_is_of_its_schema():
    count = 0
    for file, manifest in manifests():
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
        count += 1
    assert count >= 9, count


def check_the_kustomization_names_every_manifest_but_the_examples():
    with open(f"{FOLDER}/kustomization.yaml", encoding="utf-8") as text:
        named = set(yaml.safe_load(text)["resources"])
    files = {file.removeprefix(f"{FOLDER}/") for file, _ in manifests()}
    assert named == {file for file in files if "example" not in file}, (named, files)


def check_pods_may_nothing_that_they_need_not():
    for file, pod in pods():
        assert pod["enableServiceLinks"] is False, file
        assert pod["automountServiceAccountToken"] is False, file
        whole = pod["securityContext"]
        assert whole["runAsNonRoot"] is True and whole["runAsUser"] > 0, file
        assert whole["seccompProfile"]["type"] == "RuntimeDefault", file
        for container in pod["containers"]:
            contained = container["securityContext"]
            assert contained["readOnlyRootFilesystem"] is True, file
            assert contained["allowPrivilegeEscalation"] is False, file
            assert contained["capabilities"] == {"drop": ["ALL"]}, file
            assert "memory" in container["resources"]["limits"], file


def check_liveness_asks_no_dependency_and_readiness_does():
    [container] = deployment()["template"]["spec"]["containers"]
    paths = {probe: container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("liveness", "readiness", "startup")}
    assert paths == {"liveness": "/healthz", "readiness": "/readyz", "startup": "/healthz"}


def check_a_pod_has_time_to_leave():
    server = settings()["server"]
    leaving = menshen.seconds(server["drain_delay"]) + menshen.seconds(server["shutdown_grace"])
    assert deployment()["template"]["spec"]["terminationGracePeriodSeconds"] > leaving
    # Endpoints learn of it from the probe or from the deletion: both take seconds.
    assert menshen.seconds(server["drain_delay"]) >= 5


def check_one_of_two_replicas_stays_while_nodes_are_drained():
    assert deployment()["replicas"] >= 2
    assert deployment()["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    [budget] = [manifest for _, manifest in manifests() if manifest["kind"] == "PodDisruptionBudget"]
    assert budget["spec"]["minAvailable"] >= 1
    assert budget["spec"]["selector"] == deployment()["selector"]


def check_the_settings_are_good_for_production():
    assert settings()["profile"] == "production"
    assert settings()["server"]["trusted_proxies"], "trusted proxies"
    for file, pod in pods():
        for container in pod["containers"]:
            environment = {variable["name"]: variable["value"] for variable in container["env"]}
            menshen.check_settings(SETTINGS, environment, SECRETS)


def check_the_secret_has_what_is_read():
    [secret] = [manifest for _, manifest in manifests() if manifest["kind"] == "Secret"]
    read = {
        variable["value"].removeprefix(f"{SECRETS}/")
        for _, pod in pods()
        for container in pod["containers"]
        for variable in container["env"]
    }
    apps = {app["app_secret_file"].removeprefix(f"{SECRETS}/") for app in settings()["wechat"]["apps"]}
    assert read | apps == set(secret["stringData"]), (read, apps)


def check_what_is_inside_is_not_reachable_from_outside():
    for file, manifest in manifests():
        if manifest["kind"] != "Ingress" or manifest["metadata"]["name"] != "menshen":
            continue
        paths = [path["path"] for rule in manifest["spec"]["rules"] for path in rule["http"]["paths"]]
        for inside in ("/metrics", "/readyz", "/healthz", "/admin/v1", "/console", "/v1/auth/verify", "/v1/token/introspect", "/v1/token/revoke"):
            assert not any(inside.startswith(path) for path in paths), (file, inside)
        for outside in ("/v1/login/sms", "/v1/token/refresh", "/v1/me/sessions", "/.well-known/jwks.json"):
            assert any(outside.startswith(path) for path in paths), (file, outside)
