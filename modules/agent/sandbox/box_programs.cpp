#include <mortise/problem.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "box.hpp"
#include "box_arguments.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using mortise::Problem;

constexpr auto kStartWait = 10s;
constexpr auto kConnectWait = 5s;
constexpr auto kEndWait = 8s;  // TERM, a second, KILL, and five seconds for those that fork without end
constexpr int kKilled = 128 + SIGKILL;

Problem argument(std::string reason) { return Problem(422, "sandbox_argument").with("reason", std::move(reason)); }
Problem later() { return Problem(503, "sandbox_busy").retryAfter(5); }

bool isPassing(int error) { return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE; }

// The texts as wire::Spawn has them.
std::string joined(const std::vector<std::string>& texts, const char* what) {
  std::string out;
  if (texts.size() > wire::kMaxTextCount) throw argument(std::string(what) + ": there are more than 1024");
  for (const auto& text : texts) {
    if (text.size() > wire::kMaxCommand) throw argument(std::string(what) + ": one is longer than 100 KiB");
    if (text.find('\0') != std::string::npos) throw argument(std::string(what) + ": one has a NUL in it");
    out.append(text).push_back('\0');
  }
  return out;
}

// Programs open /dev/stdout and /dev/stderr: of a pipe only its owner may.
void giveTo(uid_t user, const Fd& fd) {
  struct stat info {};
  if (fstat(fd.get(), &info) == 0 && S_ISFIFO(info.st_mode) && info.st_uid != user)
    (void)!fchown(fd.get(), user, static_cast<gid_t>(-1));
}

class BoxProgram final : public Program {
 public:
  BoxProgram(std::shared_ptr<BoxProcess> process, Link::Ptr channel)
      : process_(std::move(process)), channel_(std::move(channel)) {}
  ~BoxProgram() override {
    try {
      auto use = process_->use();
      use.link().close(*channel_);
      use.send();
    } catch (const Problem&) {  // the box has ended, and the program with it
    }
  }

  std::optional<int> status() override { return wait(0ms, {}); }
  std::optional<int> wait(std::chrono::milliseconds most, const Stopped& stopped) override {
    try {
      auto use = process_->use();
      use.wait([&] { return channel_->exited; }, Clock::now() + most, stopped);
      return channel_->exited ? std::optional(channel_->status) : std::nullopt;
    } catch (const Problem&) {
      return kKilled;
    }
  }
  void end() override {
    try {
      auto use = process_->use();
      use.link().kill(*channel_);
      if (use.wait([&] { return channel_->closed; }, Clock::now() + kEndWait)) return;
      use.link().close(*channel_);
      use.wait([&] { return channel_->closed; }, Clock::now() + 1s);
    } catch (const Problem&) {
    }
  }

 private:
  std::shared_ptr<BoxProcess> process_;
  Link::Ptr channel_;
};

}  // namespace

std::unique_ptr<Program> Box::start(ProgramPlan plan) {
  used_();
  const auto directory = pathInBox(plan.directory);
  const auto arguments = joined(plan.arguments, "arguments");
  const auto environment = joined(plan.environment, "environment");
  if (plan.arguments.empty() || plan.arguments.front().empty()) throw argument("arguments: the program has no name");
  if (arguments.size() + environment.size() > wire::kMaxTexts)
    throw argument("arguments and environment are longer than 512 KiB together");
  for (const auto& entry : plan.environment) {
    if (const auto at = entry.find('='); at == 0 || at == std::string::npos)
      throw argument("environment: one is not NAME=value");
  }
  std::string numbers;
  std::vector<Fd> descriptors;
  if (plan.descriptors.size() > wire::kMaxDescriptors) throw argument("descriptors: there are more than 8");
  for (auto& descriptor : plan.descriptors) {
    if (descriptor.number < 0 || descriptor.number > wire::kMaxNumber || !descriptor.fd ||
        numbers.find(static_cast<char>(descriptor.number)) != std::string::npos)
      throw argument("descriptors: each is open and has a number of its own from 0 to 31");
    numbers.push_back(static_cast<char>(descriptor.number));
    giveTo(process_->user(), descriptor.fd);
    descriptors.push_back(std::move(descriptor.fd));
  }

  auto use = process_->use();
  makeRoom(use);
  const auto channel = use.link().spawn(directory, arguments, environment, numbers, std::move(descriptors));
  use.wait([&] { return channel->started || channel->exited; }, Clock::now() + kStartWait);
  if (channel->started) return std::make_unique<BoxProgram>(process_, channel);
  if (!channel->exited) {
    use.link().close(*channel);
    use.send();
  }
  const int error = channel->status - kNotBegun;
  if (error <= 0 || isPassing(error)) throw later();
  throw argument(plan.arguments.front() + ": " + std::strerror(error));
}

Fd Box::connect(std::string_view path) {
  used_();
  const auto where = pathInBox(path);
  if (where.size() > wire::kMaxSocketPath) throw argument("the path of a socket has at most 107 bytes");
  auto use = process_->use();
  const auto channel = use.link().connect(where);
  if (!use.wait([&] { return channel->closed; }, Clock::now() + kConnectWait)) throw later();
  if (channel->descriptor) return std::move(channel->descriptor);
  if (isPassing(channel->status)) throw later();
  throw Problem(404, "file_missing").with("path", where).note(where + ": " + std::strerror(channel->status));
}

}  // namespace agent::sandbox
