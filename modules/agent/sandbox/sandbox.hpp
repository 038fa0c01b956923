// A box for one session: files and shells apart from the server and from other sessions. Two drivers make them: `local`
// (bubblewrap on this machine) and `remote` (the HTTP API of a sandbox service).
#pragma once

#include <mortise/problem.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent::browser {
class Browser;
}

#include "fd.hpp"

namespace agent::sandbox {

// Asked often by everything that waits; true ends the wait.
using Stopped = std::function<bool()>;

// Problem with a message for the model: 404 file_missing, 403 file_denied, 422 file_unreadable (directory, binary), 404
// shell_missing, 503 sandbox_busy (with Retry-After), 503 sandbox_unavailable (with `reason`), 507 sandbox_full, and 422
// sandbox_argument (with `reason`): a path, regex, pattern or command that can't be.

struct ReadFile {
  std::string path;
  std::optional<std::int64_t> startLine{};  // from 0
  std::optional<std::int64_t> endLine{};    // not included
  std::size_t most = 10000;                 // characters; 0: no limit but the driver's own (8 MiB)
  bool sudo = false;                        // as root, where the box has one: those of this machine have none
};
struct FileText {
  std::string path;
  std::string text;
  bool cut = false;
};
struct WriteFile {
  std::string path;
  std::string text;
  bool append = false;
  bool sudo = false;  // as for reading
};
struct FoundLines {
  std::string path;
  std::vector<std::string> lines;
  std::vector<std::int64_t> numbers;  // from 0
  bool cut = false;                   // there are more
};

struct ConsoleRecord {
  std::string prompt;  // user@host:dir $
  std::string command;
  std::string output;
};
struct ShellOutput {
  std::string shellId;
  std::string output;  // of the last command, cleaned of escape sequences
  std::vector<ConsoleRecord> records{};
};
struct Execution {
  std::string shellId;
  std::string command;            // as it was run
  bool running = false;           // not over after the first five seconds
  std::optional<int> exitCode{};  // 128 + signal
  std::string output{};
};

// A program that the server talks to by descriptors, without a terminal.
struct ProgramPlan {
  // 1 to 1024, of 100 KiB each at most. The first is an absolute path, or a name that is looked up in the box's PATH.
  std::vector<std::string> arguments;
  std::vector<std::string> environment{};  // NAME=value; beside and before what every program of a box has
  std::string directory = "~";
  struct Descriptor {
    int number;  // that it gets in the program: 0 to 31
    Fd fd;       // the program's end, for example of a pipe; closed here when it has been handed over
  };
  std::vector<Descriptor> descriptors{};  // 8 at most; 0, 1 and 2 are /dev/null when they are not among them
};

// A program that was started. Any number of threads may use it, and it may outlive the box. No function throws.
class Program {
 public:
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  // [any] Kills what is left of it and of what it started, without waiting.
  virtual ~Program() = default;

  // [any] Its status, or 128 + signal; 137 when the box ended. Empty while it runs.
  virtual std::optional<int> status() = 0;
  // [worker] The same, after it ended or `most` passed.
  virtual std::optional<int> wait(std::chrono::milliseconds most, const Stopped& stopped = {}) = 0;
  // [worker] TERM, and a second later KILL, for it and for everything that it started. Returns when nothing is left,
  // after ten seconds at most.
  virtual void end() = 0;
};

// The box of one session. Any number of threads may use it; calls on one shell come one after another. Every function
// [worker], and throws Problem as above.
class Sandbox {
 public:
  Sandbox() = default;
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  virtual ~Sandbox() = default;

  // `stopped`: whoever waits for a file operation does so no more; it ends within a second, with Problem 503
  // sandbox_unavailable, and what it has written stays.
  virtual FileText read(const ReadFile& file, const Stopped& stopped = {}) = 0;
  virtual std::uint64_t write(const WriteFile& file, const Stopped& stopped = {}) = 0;  // bytes written
  virtual std::int64_t replace(std::string_view path, std::string_view from, std::string_view to,
                               const Stopped& stopped = {}, bool sudo = false) = 0;
  virtual FoundLines search(std::string_view path, std::string_view regex, const Stopped& stopped = {},
                            bool sudo = false) = 0;
  virtual std::vector<std::string> find(std::string_view directory, std::string_view glob,
                                        const Stopped& stopped = {}) = 0;
  virtual bool exists(std::string_view path, const Stopped& stopped = {}) = 0;
  virtual void remove(std::string_view path, const Stopped& stopped = {}) = 0;
  // Bytes in and out, in pieces; false from a callback ends the exchange. `next` returns an empty piece at the end.
  virtual void upload(std::string_view path, const std::function<std::string()>& next, const Stopped& stopped = {}) = 0;
  virtual void download(std::string_view path, const std::function<bool(std::string_view piece)>& piece,
                        const Stopped& stopped = {}) = 0;

  virtual Execution execute(std::string_view shellId, std::string_view directory, std::string_view command,
                            const Stopped& stopped) = 0;
  virtual ShellOutput output(std::string_view shellId) = 0;
  // Empty when it still runs after `wait`.
  virtual std::optional<int> wait(std::string_view shellId, std::chrono::seconds wait, const Stopped& stopped) = 0;
  virtual void input(std::string_view shellId, std::string_view text, bool pressEnter) = 0;
  // Empty when it had ended already.
  virtual std::optional<int> kill(std::string_view shellId) = 0;

  // Its browser (browser/browser.hpp), which starts when it is first used; nullptr where boxes have none. Good while
  // the box lives. Problem 503 sandbox_busy.
  virtual std::shared_ptr<browser::Browser> browser() { return nullptr; }
  // [any] Whether the box has a screen by itself, on which its browser shows itself. Else programs that start() starts can
  // make one.
  virtual bool hasScreen() const { return false; }
  // A connection to that screen (RFB); it is not blocking. `failed`: called on another thread when the connection ended
  // otherwise than by a close of one of the two sides; it may not wait. Problem 503 sandbox_unavailable.
  virtual Fd connectScreen(const Stopped& /*stopped*/, const std::function<void()>& /*failed*/) {
    throw mortise::Problem(503, "sandbox_unavailable").with("reason", "the box has no screen by itself");
  }

  // Returns when the program runs. Problem 422 sandbox_argument when it can't be run (`reason`), 503 sandbox_busy when the
  // box has no room for it. A pipe among its descriptors is given to the user of the box.
  virtual std::unique_ptr<Program> start(ProgramPlan plan) = 0;
  // A connection to the unix stream socket that listens at `path`, as the box sees that path. Closed on exec and not
  // blocking; but programs of the box may hold it as well and change that, so read and write with MSG_DONTWAIT. Problem 404
  // file_missing when nothing listens there.
  virtual Fd connect(std::string_view path) = 0;
  // Somebody uses what runs in the box: its time goes on as with any other call. [any]
  virtual void touch() = 0;
};

// One capability of a driver: "shell", "files", "browser", "desktop".
struct Capability {
  std::string name;
  bool available = false;
  std::string detail{};  // what is missing and how to get it, or which back end holds the limits
};

// Makes boxes. [worker], any number of threads.
class Driver {
 public:
  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  virtual ~Driver() = default;

  virtual std::vector<Capability> capabilities() = 0;
  // The box of a session, made when there is none. A box that went is made again on the session's files. Problem 503
  // sandbox_unavailable, sandbox_busy.
  virtual std::shared_ptr<Sandbox> open(std::string_view sessionId) = 0;
  // A new box for one program of the server's own, under a name like a session's id that nobody used before. It is not among
  // those that open() counts, and no sweep removes it while it lives; whoever opened it ends it with remove(). Problem 503
  // sandbox_unavailable, sandbox_busy.
  virtual std::shared_ptr<Sandbox> openForProgram(std::string_view name) = 0;
  // The box if it is there, else empty; makes none.
  virtual std::shared_ptr<Sandbox> find(std::string_view sessionId) = 0;
  // Ends the box and removes the session's files. Does nothing when there is none.
  virtual void remove(std::string_view sessionId) = 0;
  // Ends boxes whose time is over, and removes what boxes of sessions left that are gone: `lives` tells which are not.
  virtual void sweep(const std::function<bool(std::string_view sessionId)>& lives) = 0;
};

}  // namespace agent::sandbox
