# Webside, one word a task. `make` alone lists them. Needs Python 3.11 or newer with venv, and make.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
WORKERS ?= 2
.PHONY: help setup dev saml demo run test drill check fix bench doctor docs lock clean

help: ## list the tasks
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## make .venv with what running needs
	@tools/setup.sh base

dev: ## make .venv with what testing needs as well
	@tools/setup.sh dev

saml: setup ## add what signing in by SAML 2.0 needs (WEBSIDE_SAML=1)
	@tools/setup.sh saml

demo: setup ## start a living clinic on this machine and print its address
	@exec $(PY) -m config.supervisor demo

run: setup ## start your own clinic (settings: .env or the environment)
	@exec $(PY) -m config.supervisor run

test: dev ## every check and every test
	@tools/test.sh $(WORKERS)

drill: dev ## the fault tests with their full counts (long)
	@$(PY) -m pytest -m drill -s -p no:cacheprovider

check: dev ## static checks only
	@$(PY) tools/check.py $(CHECKS)

fix: dev ## repair what a program can repair
	@$(PY) -m ruff check --fix --quiet . || true
	@$(PY) -m ruff format --quiet .
	@$(PY) -m djlint webside --reformat --quiet >/dev/null || true
	@$(PY) tools/check.py ruff format templates

bench: dev ## the figures, each against a peer or a limit in the same run
	@$(PY) -m benchmarks

doctor: ## what is here, what is missing, what to do
	@if [ -x $(PY) ]; then $(PY) tools/doctor.py; else python3 tools/doctor.py; fi

docs: dev ## write the reference pages that come from the code
	@$(PY) manage.py docs

lock: ## write the hashed requirements anew (UPGRADE=1: newest versions)
	@UPGRADE=$(UPGRADE) tools/lock.sh

clean: ## remove .venv and caches; data stay (make clean never touches var/)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
