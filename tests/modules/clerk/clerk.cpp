// Commands and trials: tests/e2e/module_commands_test.py and doctor_test.py.
#include <unistd.h>
#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/health.hpp>
#include <mortise/mail.hpp>
#include <mortise/module.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

class Clerk final : public mortise::Module {
 public:
  explicit Clerk(mortise::Host host)
      : config_(host.config()), db_(host.db()), mail_(host.mail()), health_(host.health()) {
    health_.addTrial("desk", config_.text("trial") == "fails", std::chrono::seconds(1),
                     [this](std::chrono::milliseconds) { return tryDesk(); });
    health_.addTrial("stool", false, std::chrono::seconds(1),
                     [](std::chrono::milliseconds) { return mortise::Tried{"stands"}; });
  }

  void bind(mortise::Bindings& on) override {
    on.command("file", &Clerk::file);
    on.command("wait", &Clerk::wait);
    on.command("refuse", &Clerk::refuse);
    on.command("crash", &Clerk::crash);
    on.command("whoami", &Clerk::whoAmI);
    on.command("notify", &Clerk::notify);
    on.command("leave", &Clerk::leave);
  }
  void start() override { started_ = true; }

 private:
  mortise::Tried tryDesk() const {
    const auto way = config_.text("trial");
    if (way == "absent") return {"there is no desk; buy one", true};
    if (way == "fails" || way == "throws") throw std::runtime_error("the desk wobbles; put paper under it");
    if (way == "hangs") std::this_thread::sleep_for(std::chrono::seconds(30));
    if (way == "crashes") std::raise(SIGSEGV);
    return {"a desk"};
  }

  int file(mortise::Command& command) {
    const auto title = command.text("title").value();
    const auto drawer = command.text("drawer").value();
    for (std::int64_t i = 0; i < command.integer("copies").value(); ++i)
      db_.execute("INSERT INTO clerk_papers (title, drawer) VALUES (:title, :drawer)",
                  {{"title", title}, {"drawer", drawer}});
    const auto count = db_.queryOne<std::int64_t>("SELECT count(*) FROM clerk_papers").value();
    command.write(title + " is in the " + drawer + " drawer of " + command.text("owner").value_or("nobody") +
                  (command.has("stamp") ? ", stamped" : "") + "; papers: " + std::to_string(count) + "\n");
    command.writeError(started_ ? "started\n" : "not started\n");
    return 0;
  }
  int wait(mortise::Command& command) {
    command.write("waiting\n");
    while (!command.stopped()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    command.write("told to stop\n");
    return 0;
  }
  int refuse(mortise::Command&) { throw std::runtime_error("the drawers are full; burn something"); }
  int crash(mortise::Command&) { return std::raise(SIGSEGV); }
  int whoAmI(mortise::Command& command) {
    command.write(std::to_string(getuid()) + " " + std::to_string(geteuid()) + " " + std::to_string(getgid()) + " " +
                  std::to_string(getgroups(0, nullptr)) + "\n");
    return 0;
  }
  int notify(mortise::Command& command) {
    mortise::MailMessage message;
    message.to = command.text("address").value();
    message.subject = "A paper";
    message.text = "It is in the drawer.\n";
    mail_.send(message);
    return 0;
  }
  int leave(mortise::Command& command) { return static_cast<int>(command.integer("status").value()); }

  mortise::Config config_;
  mortise::Db db_;
  mortise::Mail mail_;
  mortise::Health health_;
  bool started_ = false;
};

}  // namespace

MORTISE_MODULE(Clerk)
