#include "local_driver.hpp"

#include <mortise/digest.hpp>
#include <mortise/problem.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "desktop/desktop.hpp"
#include "helper_program.hpp"
#include "seccomp_filter.hpp"
#include "watchdog.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using mortise::Problem;

constexpr auto kReadyWait = 12s;
constexpr auto kGoneWait = 5s;
constexpr auto kSetupAgain = 30s;
constexpr auto kCallAdds = 3min;
constexpr std::uint64_t kMaxFileBytes = 512ULL << 20;
constexpr std::uint64_t kOverfullRoom = 16ULL << 20;  // how much a full workspace may grow before its box ends
constexpr std::string_view kTrials = "trial-";        // and the number of the process that tries

// What a box needs that is not there, as the operator reads it.
struct Lacking : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string findBubblewrap(const std::string& setting) {
  if (!setting.empty()) return setting;
  const char* variable = std::getenv("PATH");
  std::istringstream path(variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin");
  std::string directory;
  while (std::getline(path, directory, ':')) {
    auto file = directory + "/bwrap";
    if (directory.starts_with('/') && access(file.c_str(), X_OK) == 0) return file;
  }
  throw Lacking("bubblewrap is missing: install the package bubblewrap");
}

// Chromium below the root of the boxes, as they see it; empty: there is none.
std::string findBrowser(const std::string& root) {
  for (const auto* path : {"/usr/lib/chromium/chromium", "/usr/lib64/chromium-browser/chromium-browser"}) {
    if (access(((root == "/" ? "" : root) + path).c_str(), X_OK) == 0) return path;
  }
  return {};
}

std::string readWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

// The helper as a file that only this server can change.
std::string writeHelper(const std::string& directory) {
  const auto program = helperProgram();
  const auto path = directory + "/.helper-" + mortise::sha256Hex(program).substr(0, 32);
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
      (info.st_mode & 0777) == 0555 && readWhole(path) == program)
    return path;
  const auto draft = path + "." + std::to_string(getpid());
  unlink(draft.c_str());
  Fd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const bool good = file && write(file.get(), program.data(), program.size()) == static_cast<ssize_t>(program.size()) &&
                    fchmod(file.get(), 0555) == 0;
  file.reset();
  if (!good || rename(draft.c_str(), path.c_str()) != 0) throw Lacking(path + ": " + std::strerror(errno));
  return path;
}

// What keeps users without rights from making namespaces, by the switches of the kernels that have them.
std::string namespaceFault() {
  const auto first = [](const char* path) {
    auto text = readWhole(path);
    return text.substr(0, text.find('\n'));
  };
  if (first("/proc/sys/user/max_user_namespaces") == "0")
    return "user namespaces are off: sysctl user.max_user_namespaces=10000";
  if (first("/proc/sys/kernel/unprivileged_userns_clone") == "0")
    return "user namespaces need rights: sysctl kernel.unprivileged_userns_clone=1";
  if (first("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1")
    return "AppArmor keeps bubblewrap from making user namespaces: give it a profile with the rule userns, or sysctl "
           "kernel.apparmor_restrict_unprivileged_userns=0";
  return {};
}

bool hasOpenat2() { return !(syscall(SYS_openat2, -1, nullptr, nullptr, 0) < 0 && errno == ENOSYS); }

}  // namespace

struct LocalDriver::Setup {
  std::string bubblewrap;
  std::string root;
  std::string helper;
  std::string filter;
  std::vector<std::string> hidden;
  std::unique_ptr<Workspaces> workspaces;
  Limiting limiting;
};

std::string boxesDirectory(const std::string& setting, const std::string& dataDirectory) {
  if (!setting.empty()) return std::filesystem::absolute(setting).string();
  if (geteuid() == 0) return "/var/lib/mortise-sandboxes";
  return std::filesystem::absolute(dataDirectory).string() + "/sandboxes";
}

LocalDriver::LocalDriver(LocalOptions options, mortise::Log log)
    : options_(std::move(options)), log_(log), browserProgram_(options_.browser ? findBrowser(options_.root) : "") {
  workspaceGuard_.start(options_.measureEvery, [this] { measureWorkspaces(); });
}

LocalDriver::~LocalDriver() {
  workspaceGuard_.stop();
  memoryGuard_.stop();
  // All at once: the browsers, which are ended one after another, find their boxes gone.
  for (const auto& [session, entry] : entries_) {
    if (entry.process) entry.process->end("the server stops");
  }
}

std::unique_ptr<LocalDriver::Setup> LocalDriver::makeSetup() {
  auto out = std::make_unique<Setup>();
  if (!hasOpenat2()) throw Lacking("the kernel is older than 5.6");
  out->bubblewrap = findBubblewrap(options_.bubblewrap);
  out->root = options_.root == "/" ? std::string() : options_.root;
  if (access((out->root + "/usr/bin/bash").c_str(), X_OK) != 0)
    throw Lacking(out->root + "/usr/bin/bash is missing: boxes run their commands with it");
  out->workspaces = std::make_unique<Workspaces>(options_.directory, options_.uidBase);
  if (auto fault = out->workspaces->unreachable(); !fault.empty()) throw Lacking(fault);
  out->helper = writeHelper(out->workspaces->directory());
  out->filter = seccompFilter();
  out->hidden = hiddenFiles();
  out->limiting = chooseLimits(options_.limits);

  const auto name = std::string(kTrials) + std::to_string(getpid());
  const auto workspace = out->workspaces->prepare(name);
  const auto trial = start(*out, workspace, true);
  const bool ready = trial->awaitReady(kReadyWait);
  trial->end("it was a trial");
  const auto reason = trial->why();
  trial->awaitGone(kGoneWait);
  out->workspaces->remove(name);
  if (!ready) {
    const auto fault = namespaceFault();
    throw Lacking("bubblewrap can't make a box: " + reason + (fault.empty() ? "" : "; " + fault));
  }
  return out;
}

const LocalDriver::Setup& LocalDriver::setup() {
  const std::lock_guard lock(setupMutex_);
  if (setup_) return *setup_;
  if (setupFault_.empty() || Clock::now() - setupTriedAt_ > kSetupAgain) {
    try {
      setup_ = makeSetup();
      const auto& limiting = setup_->limiting;
      if (limiting.maker->watches()) memoryGuard_.start(100ms, [this] { measureMemory(); });
      log_.info("boxes can be made",
                {{"directory", options_.directory}, {"limits", limiting.maker->name()}, {"why", limiting.detail}});
      return *setup_;
    } catch (const std::exception& error) {
      // The sweep tries every minute: the same lack is told once.
      if (setupFault_ != error.what()) log_.warning("boxes can't be made", {{"reason", error.what()}});
      setupFault_ = error.what();
      setupTriedAt_ = Clock::now();
    }
  }
  throw Problem(503, "sandbox_unavailable")
      .with("reason", "this server can't make boxes")
      .note(setupFault_)
      .retryAfter(60);
}

std::shared_ptr<BoxProcess> LocalDriver::start(const Setup& setup, const Workspace& workspace, bool program,
                                               const std::string& egressDirectory) {
  SpawnPlan plan;
  plan.bubblewrap = setup.bubblewrap;
  plan.places = {setup.root, setup.helper, workspace.home, workspace.temporary, setup.hidden, egressDirectory};
  plan.user = workspace.user;
  plan.filter = setup.filter;
  plan.niceness = setup.limiting.maker->watches() ? 10 : 0;
  wire::Hello limits;
  limits.processes = processes(program);
  limits.fileBytes = std::min(kMaxFileBytes, options_.workspaceBytes);
  auto group = setup.limiting.maker->make({memory(program), processes(program), options_.cpuPercent});
  auto process = std::make_shared<BoxProcess>(std::move(plan), std::move(group), limits, thread_.waker());
  thread_.add(process);
  return process;
}

std::uint64_t LocalDriver::memory(bool program) const {
  return program || browserProgram_.empty() ? options_.memory : std::max(options_.memory, options_.browserMemory);
}

std::uint32_t LocalDriver::processes(bool program) const {
  return program || browserProgram_.empty() ? options_.processes
                                            : std::max(options_.processes, options_.browserProcesses);
}

std::vector<Capability> LocalDriver::capabilities() {
  std::string detail;
  bool good = false;
  const auto desktopLacks = desktop::lackingFor(options_.root == "/" ? std::string() : options_.root);
  try {
    const auto& limiting = setup().limiting;
    detail = "limits: " + std::string(limiting.maker->name()) +
             (limiting.detail.empty() ? "" : " (" + limiting.detail + ")");
    good = true;
  } catch (const Problem& problem) {
    detail = problem.note();
  }
  return {{"files", good, detail},
          {"shell", good, detail},
          {"browser", good && !browserProgram_.empty(),
           !browserProgram_.empty() ? detail
           : options_.browser       ? "chromium is missing: install the package chromium"
                                    : "boxes have no browser (agent.sandbox_browser)"},
          {"desktop", good && desktopLacks.empty(), desktopLacks.empty() ? detail : desktopLacks}};
}

// The entry of a session that no other thread is changing; made if need be. The caller changes it, and says when it is done.
LocalDriver::Entry& LocalDriver::take(std::unique_lock<std::mutex>& lock, const std::string& session) {
  changed_.wait(lock, [&] { return !entries_[session].changing; });
  auto& entry = entries_[session];
  return entry;
}

// One more box fits, if need be after others have made room.
void LocalDriver::makeRoom(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    const auto now = Clock::now();
    std::size_t count = 0;
    std::shared_ptr<BoxProcess> idlest;
    auto since = now - options_.idleSpared;
    for (const auto& [session, entry] : entries_) {
      if (entry.program || (!entry.changing && !(entry.process && entry.process->alive()))) continue;
      ++count;
      if (entry.changing || !entry.life) continue;
      const std::lock_guard life(entry.life->mutex);
      if (entry.life->usedAt >= since) continue;
      if (entry.life->usedAt >= now - options_.busySpared && entry.box->busy()) continue;
      since = entry.life->usedAt;
      idlest = entry.process;
    }
    if (count <= options_.boxes) return;
    if (!idlest) throw Problem(503, "sandbox_busy").retryAfter(30).note("all boxes are in use: agent.sandbox_boxes");
    lock.unlock();
    idlest->end("another session needed the room");
    idlest->awaitGone(kGoneWait);
    lock.lock();  // another session may have chosen the same box: count again
  }
}

void LocalDriver::fill(Entry& entry, const std::string& session) {
  const auto& prepared = setup();
  if (entry.process) {
    entry.process->end("the session gets another box");
    if (!entry.process->awaitGone(kGoneWait)) throw Problem(503, "sandbox_busy").retryAfter(5);
  }
  std::shared_ptr<BoxProcess> process;
  std::shared_ptr<egress::Proxy::Way> way;
  Workspace workspace;
  Usage before;
  try {
    workspace = prepared.workspaces->prepare(session);
    before = Workspaces::measure(workspace, {options_.workspaceBytes * 4, options_.workspaceFiles * 4});
    std::string egressDirectory;
    if (options_.egress) {
      const auto directory = prepared.workspaces->egress(session, egressDirectory);
      way = options_.egress->open(session, directory.get(), workspace.user);
    }
    process = start(prepared, workspace, entry.program, egressDirectory);
  } catch (const std::runtime_error& error) {
    throw Problem(503, "sandbox_unavailable")
        .with("reason", "the box could not be made")
        .note(error.what())
        .retryAfter(5);
  }
  if (!process->awaitReady(kReadyWait)) {
    process->end("the box did not start");
    process->awaitGone(kGoneWait);  // the next one has the same files
    throw Problem(503, "sandbox_unavailable")
        .with("reason", "the box did not start")
        .note(process->why())
        .retryAfter(5);
  }
  auto life = std::make_shared<Life>();
  life->endsAt = Clock::now() + options_.ttl;
  std::optional<browser::BrowserOptions> browser;
  if (!browserProgram_.empty() && !entry.program) {
    browser.emplace();
    browser->program = browserProgram_;
    browser->throughProxy = way != nullptr;
    browser->downloadBytes = std::min(kMaxFileBytes, options_.workspaceBytes) / 4;
  }
  auto box = std::make_shared<Box>(
      process,
      [life, ttl = options_.ttl] {
        const std::lock_guard lock(life->mutex);
        life->usedAt = Clock::now();
        life->endsAt = std::max(life->endsAt, std::min(life->endsAt + kCallAdds, life->usedAt + ttl));
      },
      browser);
  const std::lock_guard lock(mutex_);
  entry.process = std::move(process);
  entry.box.swap(box);  // an earlier one goes without the lock: its browser may take seconds to end
  entry.way = std::move(way);
  entry.life = std::move(life);
  entry.workspace = std::move(workspace);
  entry.before = before;
}

std::shared_ptr<Sandbox> LocalDriver::open(std::string_view sessionId) { return openAs(sessionId, false); }
std::shared_ptr<Sandbox> LocalDriver::openForProgram(std::string_view name) { return openAs(name, true); }

std::shared_ptr<Sandbox> LocalDriver::openAs(std::string_view sessionId, bool program) {
  const std::string session(sessionId);
  if (!Workspaces::isName(session))
    throw Problem(503, "sandbox_unavailable").with("reason", "the session's id is no name");
  std::unique_lock lock(mutex_);
  auto& entry = take(lock, session);
  if (entry.process && entry.process->alive()) return entry.box;
  entry.changing = true;
  entry.program = program;
  const auto done = [&] {
    entry.changing = false;
    changed_.notify_all();
  };
  try {
    if (!program) makeRoom(lock);
    lock.unlock();
    fill(entry, session);
    lock.lock();
  } catch (...) {
    if (!lock.owns_lock()) lock.lock();
    done();
    throw;
  }
  done();
  log_.info("a box was opened", {{"session", session}});
  return entry.box;
}

std::shared_ptr<Sandbox> LocalDriver::find(std::string_view sessionId) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(std::string(sessionId));
  return entry != entries_.end() && entry->second.process && entry->second.process->alive() ? entry->second.box
                                                                                            : nullptr;
}

std::shared_ptr<BoxProcess> LocalDriver::process(std::string_view sessionId) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(std::string(sessionId));
  return entry != entries_.end() ? entry->second.process : nullptr;
}

void LocalDriver::remove(std::string_view sessionId) {
  const std::string session(sessionId);
  if (!Workspaces::isName(session)) return;
  std::shared_ptr<Box> box;  // goes without the lock
  std::unique_lock lock(mutex_);
  auto& entry = take(lock, session);
  entry.changing = true;
  const auto process = entry.process;
  lock.unlock();
  bool gone = true;
  if (process) {
    process->end("the session was deleted");
    gone = process->awaitGone(kGoneWait);
  }
  try {
    if (!gone || !setup().workspaces->remove(session))
      log_.warning("files of a box are left; the next sweep tries again", {{"session", session}});
  } catch (const Problem&) {  // no boxes can be made here, so there are no files
  }
  lock.lock();
  entry.changing = false;
  box = std::move(entry.box);
  entries_.erase(session);
  changed_.notify_all();
}

void LocalDriver::sweep(const std::function<bool(std::string_view sessionId)>& lives) {
  std::vector<std::shared_ptr<BoxProcess>> idle;
  std::vector<std::shared_ptr<Box>> gone;  // without the lock
  {
    const std::lock_guard lock(mutex_);
    for (auto& [session, entry] : entries_) {
      if (entry.changing || !entry.life) continue;
      const std::lock_guard life(entry.life->mutex);
      if (entry.process->alive() && entry.life->endsAt < Clock::now()) idle.push_back(entry.process);
    }
    std::erase_if(entries_, [&](auto& item) {
      auto& entry = item.second;
      if (entry.changing || (entry.process && !entry.process->gone())) return false;
      gone.push_back(std::move(entry.box));
      return true;
    });
  }
  gone.clear();
  for (const auto& process : idle) process->end("its time was over");
  std::vector<std::string> sessions;
  try {
    sessions = setup().workspaces->sessions();
  } catch (const Problem&) {
    return;
  }
  const auto runsProgram = [this](const std::string& session) {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(session);
    return entry != entries_.end() && entry->second.program &&
           (entry->second.changing || (entry->second.process && entry->second.process->alive()));
  };
  const auto isTried = [](const std::string& session) {
    return session.starts_with(kTrials) &&
           kill(static_cast<pid_t>(std::strtol(session.c_str() + kTrials.size(), nullptr, 10)), 0) == 0;
  };
  for (const auto& session : sessions) {
    if (!runsProgram(session) && !isTried(session) && !lives(session)) remove(session);
  }
}

void LocalDriver::measureWorkspaces() {
  struct Measured {
    std::string session;
    std::shared_ptr<BoxProcess> process;
    Workspace workspace;
    Usage before;
  };
  std::vector<Measured> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [session, entry] : entries_) {
      if (entry.process && entry.process->alive())
        all.push_back({session, entry.process, entry.workspace, entry.before});
    }
  }
  for (const auto& box : all) {
    // A box that was full when it began may remove files, but not grow.
    const Usage most{std::max(options_.workspaceBytes, box.before.bytes + kOverfullRoom),
                     std::max(options_.workspaceFiles, box.before.files + 1000)};
    const Usage room{box.before.bytes > options_.workspaceBytes ? most.bytes : options_.workspaceBytes,
                     box.before.files > options_.workspaceFiles ? most.files : options_.workspaceFiles};
    auto usage = Workspaces::measure(box.workspace, room);
    struct stat info {};
    const auto pid = box.process->pid();
    if (pid > 0 && stat(box.workspace.home.c_str(), &info) == 0)
      usage.bytes += deletedBelow(pid, info.st_dev, room.bytes);
    if (usage.bytes <= room.bytes && usage.files <= room.files) continue;
    log_.warning("a box had more files than it may, and was ended",
                 {{"session", box.session}, {"bytes", usage.bytes}, {"files", usage.files}});
    box.process->end("its files took more room than they may; remove some");
  }
}

void LocalDriver::measureMemory() {
  struct Measured {
    std::string session;
    std::shared_ptr<BoxProcess> process;
    bool program;
  };
  std::vector<Measured> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [session, entry] : entries_) {
      if (entry.process && entry.process->alive()) all.push_back({session, entry.process, entry.program});
    }
  }
  for (const auto& [session, process, program] : all) {
    const auto pid = process->pid();
    const auto used = pid > 0 ? memoryBelow(pid) : 0;
    if (used <= memory(program)) continue;
    log_.warning("a box took more memory than it may, and was ended", {{"session", session}, {"bytes", used}});
    process->end("it took more memory than it may");
  }
}

}  // namespace agent::sandbox
