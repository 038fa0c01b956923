#include "mcp/boxed_programs.hpp"

#include <mortise/problem.hpp>
#include <mortise/uuid.hpp>

#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "mcp/child_streams.hpp"

namespace agent::mcp {
namespace {

using Cause = Failure::Cause;
using mortise::Problem;
using std::chrono::milliseconds;

constexpr milliseconds kAfterStdin{500};  // for a program to end by itself once its stdin is closed

// A box that is removed with its files.
class OwnBox {
 public:
  explicit OwnBox(sandbox::Driver& boxes)
      : boxes_(boxes), name_("mcp-" + mortise::makeUuid()), box_(boxes.openForProgram(name_)) {}
  ~OwnBox() {
    box_.reset();
    try {
      boxes_.remove(name_);
    } catch (const std::exception&) {  // the next sweep does it
    }
  }
  OwnBox(const OwnBox&) = delete;
  OwnBox& operator=(const OwnBox&) = delete;
  sandbox::Sandbox* operator->() const { return box_.get(); }

 private:
  sandbox::Driver& boxes_;
  const std::string name_;
  std::shared_ptr<sandbox::Sandbox> box_;
};

class BoxedChild final : public ChildProcess {
 public:
  BoxedChild(std::unique_ptr<LivingChildren::Place> place, std::unique_ptr<OwnBox> box,
             std::unique_ptr<sandbox::Program> program, ChildStreams streams)
      : place_(std::move(place)), box_(std::move(box)), program_(std::move(program)), streams_(std::move(streams)) {}
  ~BoxedChild() override {
    streams_.close();
    if (!program_->wait(kAfterStdin)) program_->end();
  }

  void write(std::string_view line, const Waiting& waiting) override {
    (*box_)->touch();
    streams_.write(line, waiting);
  }
  std::string readLine(const Waiting& waiting) override { return streams_.readLine(waiting); }
  std::string lastWords() override { return streams_.lastWords(); }

 private:
  // From the last to the first: the program, its box, its place among the living.
  const std::unique_ptr<LivingChildren::Place> place_;
  const std::unique_ptr<OwnBox> box_;
  const std::unique_ptr<sandbox::Program> program_;
  ChildStreams streams_;
};

std::string reasonOf(const Problem& problem) {
  for (const auto& [name, value] : problem.params()) {
    if (name == "reason") return value;
  }
  return "there is no room for it now";
}

}  // namespace

std::unique_ptr<ChildProcess> BoxedPrograms::start(const Program& program) {
  auto place = living_.enter(program.server);
  std::unique_ptr<OwnBox> box;
  try {
    box = std::make_unique<OwnBox>(boxes_);
  } catch (const Problem& problem) {
    throw Failure(Cause::forbidden, "it runs a program, for which this server has no box (" + reasonOf(problem) +
                                        "); the operator may name it in agent.mcp_trusted");
  }
  auto input = makePipe(), output = makePipe(), errors = makePipe();
  sandbox::ProgramPlan plan;
  plan.arguments.push_back(program.command);
  plan.arguments.insert(plan.arguments.end(), program.args.begin(), program.args.end());
  for (const auto& [name, value] : program.env) plan.environment.push_back(name + "=" + value);
  plan.descriptors.push_back({0, std::move(input.read)});
  plan.descriptors.push_back({1, std::move(output.write)});
  plan.descriptors.push_back({2, std::move(errors.write)});
  std::unique_ptr<sandbox::Program> started;
  try {
    started = (*box)->start(std::move(plan));
  } catch (const Problem& problem) {
    throw Failure(Cause::gone, "its command can't be started in a box: " + reasonOf(problem));
  }
  return std::make_unique<BoxedChild>(
      std::move(place), std::move(box), std::move(started),
      ChildStreams(std::move(input.write), std::move(output.read), std::move(errors.read)));
}

}  // namespace agent::mcp
