#include "runs/run_context.hpp"

#include <string_view>
#include <utility>

#include "tickets/ticket_context.hpp"

namespace projects {
namespace {

void addPart(std::string& out, std::string_view part) {
  while (!part.empty() && (part.back() == '\n' || part.back() == ' ')) part.remove_suffix(1);
  if (part.empty()) return;
  if (!out.empty()) out += kContextRule;
  out += part;
}

}  // namespace

std::string runContext(const Run& run, const Persona& persona, const std::string& ticketPart) {
  std::string out;
  addPart(out, personaText(persona));
  addPart(out, ticketPart);
  if (run.prompt) addPart(out, "# Prompt\n\n" + *run.prompt);
  if (!run.contextRefs.empty()) {
    std::string references = "# References\n";
    for (const auto& each : run.contextRefs) references += "\n- " + each;
    addPart(out, references);
  }
  return cutContext(std::move(out), contextBudget(run.tool));
}

std::string runCommand(const Run& run) { return "sfs agent run --run-id " + run.id; }

std::string runCiHint(const Run& run) {
  const auto command = runCommand(run);
  return "# GitHub Actions\nsteps:\n  - run: " + command + "\n\n# GitLab CI\nagent-run:\n  script:\n    - " + command +
         "\n";
}

}  // namespace projects
