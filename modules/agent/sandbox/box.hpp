// A box of this machine as a Sandbox: files and shells through its helper.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "box_process.hpp"
#include "browser/browser.hpp"
#include "sandbox.hpp"
#include "terminal_text.hpp"

namespace agent::sandbox {

inline constexpr std::size_t kMaxText = 8 << 20;  // of a file that is read as text
inline constexpr std::size_t kMaxShells = 32;
inline constexpr std::size_t kMaxOutput = 200000;  // characters of one command

class Box final : public Sandbox {
 public:
  // `used`: called at each call. `browser`: how its browser is started; empty: it has none.
  Box(std::shared_ptr<BoxProcess> process, std::function<void()> used,
      const std::optional<browser::BrowserOptions>& browser = {});

  FileText read(const ReadFile& file, const Stopped& stopped) override;
  std::uint64_t write(const WriteFile& file, const Stopped& stopped) override;
  std::int64_t replace(std::string_view path, std::string_view from, std::string_view to, const Stopped& stopped,
                       bool sudo) override;
  FoundLines search(std::string_view path, std::string_view regex, const Stopped& stopped, bool sudo) override;
  std::vector<std::string> find(std::string_view directory, std::string_view glob, const Stopped& stopped) override;
  bool exists(std::string_view path, const Stopped& stopped) override;
  void remove(std::string_view path, const Stopped& stopped) override;
  void upload(std::string_view path, const std::function<std::string()>& next, const Stopped& stopped) override;
  void download(std::string_view path, const std::function<bool(std::string_view piece)>& piece,
                const Stopped& stopped) override;

  Execution execute(std::string_view shellId, std::string_view directory, std::string_view command,
                    const Stopped& stopped) override;
  ShellOutput output(std::string_view shellId) override;
  std::optional<int> wait(std::string_view shellId, std::chrono::seconds wait, const Stopped& stopped) override;
  void input(std::string_view shellId, std::string_view text, bool pressEnter) override;
  std::optional<int> kill(std::string_view shellId) override;

  std::unique_ptr<Program> start(ProgramPlan plan) override;
  Fd connect(std::string_view path) override;
  void touch() override { used_(); }

  std::shared_ptr<browser::Browser> browser() override { return browser_; }

  // Whether the last command of a shell runs; what commands left in the background does not count.
  bool busy();

 private:
  struct Record {
    std::string prompt;
    std::string command;
    TerminalText text{kMaxOutput};
    Link::Ptr channel;
  };
  struct Shell {
    std::vector<std::shared_ptr<Record>> records;
    bool starting = false;  // a command is being replaced
    Clock::time_point usedAt{};
  };
  using Piece = std::function<bool(std::string_view)>;

  int readFrom(wire::FileOperation operation, std::string_view path, std::uint64_t offset, std::uint64_t most,
               const Piece& piece, const Stopped& stopped);
  int writeTo(std::string_view path, bool append, const std::function<std::string()>& next, const Stopped& stopped);
  std::string wholeText(std::string_view path, bool& cut, const Stopped& stopped);
  browser::Started startBrowser(const browser::StartOrder& order);
  std::shared_ptr<Shell> shell(std::string_view id);
  std::shared_ptr<Shell> shellFor(BoxProcess::Use& use, const std::string& id);
  void makeRoom(BoxProcess::Use& use);
  std::optional<int> endCommand(BoxProcess::Use& use, Record& record);
  static void forgetOldOutput(Shell& shell);

  std::shared_ptr<BoxProcess> process_;
  std::function<void()> used_;
  std::map<std::string, std::shared_ptr<Shell>> shells_;  // under the lock of process_
  std::shared_ptr<browser::Browser> browser_;
};

// `path` as it is in a box: relative ones and ~ are below the home. Throws Problem 422 sandbox_argument.
std::string pathInBox(std::string_view path);
// user@host:dir $
std::string promptIn(std::string_view directory);

}  // namespace agent::sandbox
