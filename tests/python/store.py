"""Runs the recipe for object stores against moto. Arguments: a folder of logs, a folder with `recipe.sh`, the folder of the program."""

import json
import os
import subprocess
import sys

import boto3
from moto.server import ThreadedMotoServer

logs, folder, program = sys.argv[1:]
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
endpoint = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
environment = {
    **os.environ,
    "AWS_ENDPOINT_URL": endpoint,
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "PATH": os.pathsep.join([program, folder, os.environ["PATH"]]),
}
# The command line of the same Python, whatever else is installed.
with open(os.path.join(folder, "aws"), "w") as file:
    file.write(f"#!/bin/sh\nexec '{sys.executable}' -m awscli \"$@\"\n")
os.chmod(os.path.join(folder, "aws"), 0o755)

store = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-central-1")
store.create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
objects = 0
for path, _, names in os.walk(logs):
    for name in names:
        file = os.path.join(path, name)
        store.upload_file(file, "logs", "2026/" + os.path.relpath(file, logs))
        objects += 1
# What a path with its slashes replaced would take for one, and what a console makes for a folder.
for key in ["2026/a/b.json", "2026/a_b.json"]:
    line = '{"type":"audit","timestamp":"2026-03-05T12:00:00,000+0000","node.id":"n9","event.type":"rest","event.action":"authentication_failed","user.name":"%s","origin.type":"rest","origin.address":"10.0.0.9:40000","request.id":"%s"}\n'
    store.put_object(Bucket="logs", Key=key, Body=(line % (key, key)).encode())
    objects += 1
store.put_object(Bucket="logs", Key="2026/folder/", Body=b"")


def run(recipe):
    done = subprocess.run(["bash", "-c", recipe], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    parts = os.path.join(folder, "parts")
    found = len(os.listdir(parts)) if os.path.isdir(parts) else 0
    return {"status": done.returncode, "parts": found, "said": done.stderr[-500:]}


with open(os.path.join(folder, "recipe.sh")) as file:
    recipe = file.read()
told = {**run(recipe.replace("report.html", "all.esa")), "objects": objects}
for name in os.listdir(os.path.join(folder, "parts")):
    os.remove(os.path.join(folder, "parts", name))
# An object that is listed, and cannot be had.
gone = recipe.replace("--prefix 2026/", "--prefix 2026/prod_server").replace('cp --only-show-errors "s3://$1/', 'cp --only-show-errors "s3://$1/gone/')
assert gone.count("gone") == 1 and "prod_server" in gone
told["forbidden"] = run(gone)
told["empty"] = run(recipe.replace("--prefix 2026/", "--prefix 2027/").replace("s3://logs/2026/", "s3://logs/2027/"))
server.stop()
print(json.dumps(told))
