# What depends on what; the work itself is in docker/setup and in the offhook command.
PYTHON ?= python3
export PYTHON

venv := .venv
stamps := $(venv)/stamps
# A stamp of its own for each interpreter: another PYTHON= makes another virtual environment.
venv_stamp := $(stamps)/venv-$(subst /,-,$(PYTHON))

.PHONY: demo serve bench soak test check interop image-proof setup

demo: setup
	$(venv)/bin/offhook demo

serve: setup
	$(venv)/bin/offhook serve

bench: setup
	$(venv)/bin/offhook bench media
	$(venv)/bin/offhook bench calls
	$(venv)/bin/offhook bench realtime

# Calls that come and go for an hour, of which nothing may be left; the tests do the same for three minutes.
soak: setup
	$(venv)/bin/offhook bench soak

test: setup
	$(venv)/bin/python -m pytest

check: setup
	$(venv)/bin/ruff format --check
	$(venv)/bin/ruff check
	$(venv)/bin/mypy
	$(venv)/bin/lint-imports --no-logo
	$(venv)/bin/python -m pytest -m "not slow" tests/core tests/shell tests/house

# Asterisk, Linphone and others around the service, in a network of their own.
interop: setup
	@if [ "$$(id -u)" -ne 0 ]; then echo 'interop: left out: a root for Asterisk and a network of its own take root'; \
	else docker/setup apt interop && docker/setup asterisk && $(venv)/bin/python -m pytest -m interop tests/interop; fi

# The Dockerfile's steps in fresh roots, and a call to what they made (root; takes as long as the image does). LENT are
# files and folders of this machine that fetching packages takes, pip's configuration for example.
LENT ?=
image-proof:
	@if [ "$$(id -u)" -ne 0 ]; then echo 'image-proof: left out: fresh roots take root'; \
	else docker/setup apt interop && folder=$$(mktemp -d) && $(PYTHON) docker/image_in_chroot.py "$$folder" $(LENT) \
	&& rm -rf --one-file-system "$$folder"; fi

setup: $(stamps)/project $(stamps)/pjsua2 $(stamps)/models $(stamps)/node

$(stamps)/apt: docker/packages.txt
	docker/setup apt
	@mkdir -p $(@D)
	@touch $@

$(venv_stamp): docker/requirements.lock | $(stamps)/apt
	docker/setup venv
	@mkdir -p $(@D)
	@touch $@

$(stamps)/pjsua2: $(wildcard docker/pjsua2/* telephony/media/*.[chi]* telephony/sip/*.[chi]*) $(venv_stamp)
	docker/setup pjsua2
	@touch $@

$(stamps)/models: docker/models.toml $(venv_stamp)
	docker/setup models
	@touch $@

$(stamps)/node: tests/web/node/package-lock.json $(venv_stamp)
	docker/setup node
	@touch $@

$(stamps)/project: pyproject.toml $(venv_stamp)
	docker/setup project
	@touch $@
