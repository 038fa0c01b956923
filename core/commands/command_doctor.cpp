// doctor: what works here and what does not.
#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/apart.hpp"
#include "core/base/json.hpp"
#include "core/base/terminal_text.hpp"
#include "core/commands/command.hpp"
#include "core/commands/data_owner.hpp"
#include "core/kernel/examination.hpp"
#include "core/kernel/module_set.hpp"
#include "core/ops/log.hpp"

namespace mortise::commands {

namespace {

using kernel::Finding;
using State = Finding::State;

constexpr int kFailed = 1;
constexpr int kWarnings = 3;
constexpr std::chrono::seconds kLimit{90};  // of one process: the longest trial, and what comes before it
constexpr std::size_t kNameColumn = 28;

constexpr std::string_view kStates[] = {"ok", "note", "warning", "failed"};
std::string_view wordOf(State state) { return kStates[static_cast<std::size_t>(state)]; }
State stateNamed(std::string_view word) {
  const auto* const at = std::find(std::begin(kStates), std::end(kStates), word);
  return at == std::end(kStates) ? State::failed : static_cast<State>(at - std::begin(kStates));
}

std::string toJson(const Finding& finding) {
  return "{\"state\":" + json::quoted(wordOf(finding.state)) + ",\"name\":" + json::quoted(finding.name) +
         ",\"text\":" + json::quoted(finding.text) + "}";
}

Finding fromJson(const std::string& text) {
  json::Document document;
  json::ParseError error;
  if (!json::parse(text, document, error) || !document.IsObject())
    return {State::failed, "doctor", "unreadable: " + text};
  return {stateNamed(json::textMember(document, "state")), std::string(json::textMember(document, "name")),
          std::string(json::textMember(document, "text"))};
}

// Prints the findings as they come, and keeps the worst.
class Report {
 public:
  explicit Report(bool asJson) : asJson_(asJson) {
    if (asJson_) std::cout << "{\"checks\":[";
  }

  void add(Finding finding) {
    worst_ = std::max(worst_, finding.state);
    finding.name = terminalLine(finding.name);
    finding.text = terminalLine(finding.text);
    if (asJson_) {
      std::cout << (count_ == 0 ? "\n" : ",\n") << toJson(finding) << std::flush;
    } else {
      std::cout << wordOf(finding.state) << std::string(9 - wordOf(finding.state).size(), ' ') << finding.name
                << std::string(std::max(kNameColumn, finding.name.size() + 2) - finding.name.size(), ' ')
                << finding.text << '\n'
                << std::flush;
    }
    ++count_;
  }

  // In a process of its own, as the owner of the data. `subject`: what is to blame when that ends early.
  void addApart(const std::string& subject, const std::string& directory,
                const std::function<void(const kernel::ReportFinding& report)>& examine) {
    const auto fault = runApart(
        kLimit,
        [&](const SendApart& send) {
          becomeOwner(directory);
          examine([&](const Finding& finding) { send(toJson(finding)); });
        },
        [&](const std::string& message) { add(fromJson(message)); });
    if (!fault.empty()) add({State::failed, subject, fault});
  }

  int end() const {
    if (asJson_) std::cout << "\n],\"state\":" << json::quoted(wordOf(worst_)) << "}\n";
    return worst_ == State::failed ? kFailed : worst_ == State::warning ? kWarnings : 0;
  }

 private:
  const bool asJson_;
  State worst_ = State::ok;
  std::size_t count_ = 0;
};

int doctor(const Program& program, const Arguments& arguments) {
  log::configure(log::Level::off, log::Format::logfmt);
  Report report(arguments.has("json"));
  std::unique_ptr<kernel::Kernel> server;
  try {
    server = prepare(program, arguments);
  } catch (const kernel::StartError& error) {
    for (const auto& line : error.lines()) report.add({State::failed, "configuration", line});
    return report.end();
  }
  const auto& plan = server->plan();
  const auto& directory = plan.dataDirectory();
  report.addApart("configuration", directory,
                  [&](const auto& reportFinding) { kernel::examineConfiguration(plan, reportFinding); });
  report.addApart("server", directory, [&](const auto& reportFinding) { kernel::examineServer(plan, reportFinding); });
  report.addApart("services", directory,
                  [&](const auto& reportFinding) { kernel::examineServices(plan, reportFinding); });
  for (const auto& module : plan.modules().all()) {
    if (!module.enabled) continue;
    report.addApart("module " + module.name(), directory,
                    [&](const auto& reportFinding) { kernel::examineModule(plan, module, reportFinding); });
  }
  return report.end();
}

}  // namespace

std::vector<Command> doctorCommands() {
  return {
      {"doctor",
       "Try everything that the server needs, and say what to do",
       {"mortise doctor [--config FILE] [--json]",
        "Tries the configuration, data.dir, database, cache, storage, mail, each enabled module and what it has to "
        "work "
        "with, and prints a line for each: ok, note (nothing is wrong), warning (the server works without it) or "
        "failed. Works while the server runs and while it does not, takes no lock of it, migrates nothing.\n"
        "Exit status 0: no warning and nothing failed; 3: warnings; 1: something failed.",
        {},
        {{"json", "", "Print {\"checks\": [{\"state\", \"name\", \"text\"}], \"state\": the worst}"}}},
       doctor},
  };
}

}  // namespace mortise::commands
