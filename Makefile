# Quantpress: `make` alone says what can be done.

# An active virtual environment is used as it is; otherwise there is one in .venv.
export VENV := $(or $(VIRTUAL_ENV),$(CURDIR)/.venv)
export PATH := $(VENV)/bin:$(PATH)
# Asked only when pip's own configuration does not find PyTorch's CPU build.
export TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
# auto: CUDA where an NVIDIA GPU is found. Or cpu, or cuda.
export ENGINES ?= auto
# Material's notice about MkDocs 2 is not for those who run us.
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.PHONY: help site setup tasks ray export builders measure pages serve test check bench torture lock clean

help: ## Say what can be done (this list).
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  ARGS='...' goes to 'quantpress measure', to pytest or to the benchmark: make measure ARGS='--help'"

# Status 6 means that a method failed: the site is built all the same, and says why.
site: setup ## Set up everything, measure, build the site, and say where it is.
	@quantpress measure $(ARGS); status=$$?; \
	case $$status in 0 | 6) ;; *) exit $$status ;; esac; \
	mkdocs build && echo "The site: file://$(CURDIR)/site/public/index.html" && exit $$status

setup: ## Install what the locks say, for this machine's GPU or CPU.
	@setup/install.sh engines

tasks: setup ## Install lm-evaluation-harness too, for profiles that have [tasks].
	@setup/install.sh tasks

export: ## Install PyArrow too, with which `quantpress export` writes Parquet.
	@setup/install.sh export

builders: ## Install ProperDocs and Zensical too, which build the same pages as MkDocs.
	@setup/install.sh builders

ray: setup ## Install Ray too, for launches on many cards (quantpress measure --ray).
	@setup/install.sh ray

measure: setup ## Measure the methods on this machine, or go on with an unfinished run.
	@quantpress measure $(ARGS)

pages: ## Write the pages as Markdown files, for builders that ignore MkDocs' hooks.
	@setup/install.sh core
	@quantpress pages

serve: ## Show the site in a browser, rebuilt whenever a measurement or a template changes.
	@setup/install.sh core
	@mkdocs serve

test: setup ## Set up, then run all tests.
	@setup/install.sh dev
	@setup/install.sh tasks
	@setup/install.sh export
	@setup/install.sh builders
	@setup/install.sh ray
	@setup/install.sh browser
	@pytest $(ARGS)

check: ## Check format, style and types, and audit the locks.
	@setup/install.sh dev
	@ruff format --check .
	@ruff check .
	@mypy generator setup $(wildcard tests bench torture)
	@python setup/audit.py

bench: setup ## Print what Quantpress costs, and sites of many runs (ARGS=--scale: of 1,000).
	@python -m bench $(ARGS)

torture: setup ## Print what Quantpress survives: faults, kills, hostile records, slips in its code (ARGS='--only kills').
	@setup/install.sh dev
	@python -m torture $(ARGS)

lock: ## Choose all package versions anew, and lock them.
	@setup/lock.sh

clean: ## Remove .venv, the built site, what 'make pages' wrote, and caches; measurements and your own pages stay.
	@test ! -f site/pages/.generated || python3 -m generator.ledger site/pages
	@rm -rf .venv .cache site/public site/filled .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find generator tests -name __pycache__ -prune -exec rm -rf {} +
