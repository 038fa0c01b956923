// What the agent of a run is to read, in Markdown: plain text work.
#pragma once

#include <string>

#include "personas/persona.hpp"
#include "runs/run.hpp"

namespace projects {

// The persona, the ticket (`ticketPart`, which may be empty), the run's prompt and its references, separated by rules and
// cut to what the run's tool has room for.
std::string runContext(const Run& run, const Persona& persona, const std::string& ticketPart);

// How to start a queued run on a machine, and in CI: a step for GitHub Actions and a job for GitLab. They hold the run's
// id alone, and none of the texts that people chose.
std::string runCommand(const Run& run);
std::string runCiHint(const Run& run);

}  // namespace projects
