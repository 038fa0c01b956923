#include <mortise/characters.hpp>
#include <mortise/problem.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <cerrno>

#include "box.hpp"
#include "box_arguments.hpp"
#include "install_flags.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using mortise::Problem;

constexpr auto kFirstWait = 5s;
constexpr auto kEndWait = 8s;             // TERM, a second, KILL, and five seconds for those that fork without end
constexpr std::size_t kMaxRecords = 200;  // of one shell
constexpr std::size_t kMaxOldOutput = 1 << 20;        // characters of its commands but the last
constexpr std::size_t kMaxOldCommands = 256U << 10U;  // bytes of its commands but the last, uncut
constexpr std::size_t kCutCommand = 200;              // characters that are left of an older one
constexpr std::size_t kMaxName = 128;
constexpr std::size_t kMaxChannels = 40;  // each takes two processes of the box at least
constexpr std::size_t kPiece = 64U << 10U;

Problem argument(std::string reason) { return Problem(422, "sandbox_argument").with("reason", std::move(reason)); }
Problem later() { return Problem(503, "sandbox_busy").retryAfter(5); }

std::string nameOf(std::string_view shellId) {
  const bool control = std::any_of(shellId.begin(), shellId.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (shellId.size() > kMaxName || control || !isUtf8(shellId))
    throw argument("a shell's name has at most 128 bytes and no control characters");
  return std::string(shellId);
}

bool runs(const Link::Ptr& channel) { return channel && !channel->exited; }

}  // namespace

std::string promptIn(std::string_view directory) {
  std::string shown(directory);
  if (directory == kHome || directory.starts_with(std::string(kHome) + "/")) shown = "~" + shown.substr(kHome.size());
  return "ubuntu@sandbox:" + shown + " $";
}

Box::Box(std::shared_ptr<BoxProcess> process, std::function<void()> used,
         const std::optional<browser::BrowserOptions>& browser)
    : process_(std::move(process)), used_(std::move(used)) {
  if (!browser) return;
  browser_ = std::make_shared<browser::Browser>(
      *browser, [this](const browser::StartOrder& order) { return startBrowser(order); });
}

bool Box::busy() {
  try {
    const auto use = process_->use();
    return std::any_of(shells_.begin(), shells_.end(), [](const auto& entry) {
      const auto& records = entry.second->records;
      return !records.empty() && runs(records.back()->channel);
    });
  } catch (const Problem&) {
    return false;
  }
}

// Under the lock.
std::shared_ptr<Box::Shell> Box::shell(std::string_view id) {
  const auto entry = shells_.find(std::string(id));
  if (entry == shells_.end() || entry->second->records.empty())
    throw Problem(404, "shell_missing").with("shell", std::string(id));
  entry->second->usedAt = Clock::now();
  return entry->second;
}

std::shared_ptr<Box::Shell> Box::shellFor(BoxProcess::Use& use, const std::string& id) {
  auto entry = shells_.find(id);
  if (entry == shells_.end() && shells_.size() >= kMaxShells) {
    // The one that is idle for longest goes, with what it left in the background.
    auto oldest = shells_.end();
    for (auto it = shells_.begin(); it != shells_.end(); ++it) {
      const auto& records = it->second->records;
      if (it->second->starting || (!records.empty() && runs(records.back()->channel))) continue;
      if (oldest == shells_.end() || it->second->usedAt < oldest->second->usedAt) oldest = it;
    }
    if (oldest == shells_.end()) throw later();
    for (const auto& record : oldest->second->records) use.link().close(*record->channel);
    shells_.erase(oldest);
  }
  auto& shell = shells_[id];
  if (!shell) shell = std::make_shared<Shell>();
  shell->usedAt = Clock::now();
  return shell;
}

// What commands left in the background is ended, the oldest first, before there is no room for another command.
void Box::makeRoom(BoxProcess::Use& use) {
  while (use.link().channels() >= kMaxChannels) {
    const auto& all = use.link().all();
    const auto idle = std::find_if(all.begin(), all.end(),
                                   [](const auto& entry) { return entry.second->sink && entry.second->exited; });
    if (idle == all.end()) throw later();
    const auto channel = idle->second;
    use.link().close(*channel);
    if (!use.wait([&] { return channel->closed; }, Clock::now() + kEndWait)) throw later();
  }
}

// Earlier commands and their output get less room, the oldest the least.
void Box::forgetOldOutput(Shell& shell) {
  auto& records = shell.records;
  if (records.size() > kMaxRecords) {
    const auto idle =
        std::find_if(records.begin(), records.end(), [](const auto& record) { return record->channel->closed; });
    if (idle != records.end()) records.erase(idle);
  }
  std::size_t left = kMaxOldOutput;
  std::size_t commands = kMaxOldCommands;
  for (auto i = records.size() - 1; i-- > 0;) {
    auto& text = records[i]->text;
    text.shrink(std::min(left, kMaxOutput / 4));
    left -= std::min(left, text.characters());
    auto& command = records[i]->command;
    if (command.size() > commands && mortise::characterCount(command) > kCutCommand)
      command = mortise::firstCharacters(command, kCutCommand) + "…";
    commands -= std::min(commands, command.size());
  }
}

// Ends the command and everything that it started. Its status, if it still ran.
std::optional<int> Box::endCommand(BoxProcess::Use& use, Record& record) {
  const auto channel = record.channel;
  const bool ran = runs(channel);
  if (!channel || channel->closed) return std::nullopt;
  use.link().kill(*channel);
  if (!use.wait([&] { return channel->closed; }, Clock::now() + kEndWait)) {
    use.link().close(*channel);
    if (!use.wait([&] { return channel->closed; }, Clock::now() + 1s)) throw later();
  }
  return ran ? std::optional(channel->status) : std::nullopt;
}

Execution Box::execute(std::string_view shellId, std::string_view directory, std::string_view command,
                       const Stopped& stopped) {
  used_();
  auto id = nameOf(shellId);
  if (id.empty()) id = mortise::makeUuid();
  const auto where = pathInBox(directory);
  const auto adjusted = withInstallFlags(command);
  if (adjusted.size() > wire::kMaxCommand)
    throw argument("a command has at most 100 KiB; write it to a file and run that");
  if (adjusted.find('\0') != std::string::npos) throw argument("a command has no NUL in it");

  auto use = process_->use();
  const auto shell = shellFor(use, id);
  if (!use.wait([&] { return !shell->starting; }, Clock::now() + 2 * kEndWait, stopped)) throw later();
  struct Starting {
    Shell& shell;
    ~Starting() { shell.starting = false; }
  };
  Link::Ptr channel;
  const auto record = std::make_shared<Record>();
  {
    shell->starting = true;
    const Starting until{*shell};
    if (!shell->records.empty() && runs(shell->records.back()->channel)) endCommand(use, *shell->records.back());
    makeRoom(use);
    record->prompt = promptIn(where);
    record->command = adjusted;
    // Weak: the record has the channel.
    channel = use.link().exec(where, adjusted, [weak = std::weak_ptr(record)](std::string_view bytes) {
      if (const auto strong = weak.lock()) strong->text.feed(bytes);
    });
    record->channel = channel;
    shell->records.push_back(record);
    forgetOldOutput(*shell);
  }
  use.wait([&] { return channel->exited; }, Clock::now() + kFirstWait, stopped);
  if (channel->exited && channel->status > kNotBegun) {
    std::erase(shell->records, record);
    throw later();
  }
  Execution out{id, adjusted, !channel->exited, std::nullopt, record->text.text()};
  if (channel->exited) out.exitCode = channel->status;
  return out;
}

ShellOutput Box::output(std::string_view shellId) {
  used_();
  const auto use = process_->use();
  const auto session = shell(shellId);
  ShellOutput out{std::string(shellId), session->records.back()->text.text()};
  for (const auto& record : session->records)
    out.records.push_back({record->prompt, record->command, record->text.text()});
  return out;
}

std::optional<int> Box::wait(std::string_view shellId, std::chrono::seconds wait, const Stopped& stopped) {
  used_();
  auto use = process_->use();
  const auto channel = shell(shellId)->records.back()->channel;
  use.wait([&] { return channel->exited; }, Clock::now() + std::clamp(wait, 0s, std::chrono::seconds(1h)), stopped);
  return channel->exited ? std::optional(channel->status) : std::nullopt;
}

void Box::input(std::string_view shellId, std::string_view text, bool pressEnter) {
  used_();
  auto use = process_->use();
  const auto channel = shell(shellId)->records.back()->channel;
  if (!runs(channel)) throw argument("no command is running in that shell");
  const auto bytes = std::string(text) + (pressEnter ? "\r" : "");  // the terminal makes a newline of it
  if (channel->waitingInput + bytes.size() > wire::kMaxInput) throw later();
  for (std::size_t at = 0; at < bytes.size(); at += kPiece)
    use.link().input(*channel, std::string_view(bytes).substr(at, kPiece));
  use.send();
}

std::optional<int> Box::kill(std::string_view shellId) {
  used_();
  auto use = process_->use();
  const auto record = shell(shellId)->records.back();
  return endCommand(use, *record);
}

}  // namespace agent::sandbox
