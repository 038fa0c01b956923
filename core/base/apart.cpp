#include "core/base/apart.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>

#include "core/base/unique_fd.hpp"

namespace mortise {
namespace {

// In front of each message: its kind and its size.
struct Head {
  enum class Kind : std::uint32_t { message, done, threw };
  Kind kind = Kind::message;
  std::uint32_t size = 0;
};

constexpr std::uint32_t kMaxMessage = 64U << 20;  // more was not sent by sendAs()

void writeAll(int descriptor, const char* data, std::size_t size) {
  while (size > 0) {
    const auto sent = ::write(descriptor, data, size);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;  // the parent is gone
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

void sendAs(int descriptor, Head::Kind kind, std::string_view message) {
  const Head head{kind, static_cast<std::uint32_t>(message.size())};
  std::array<char, sizeof head> bytes{};
  std::memcpy(bytes.data(), &head, sizeof head);
  writeAll(descriptor, bytes.data(), bytes.size());
  writeAll(descriptor, message.data(), message.size());
}

bool readAll(int descriptor, char* data, std::size_t size) {
  while (size > 0) {
    const auto got = ::read(descriptor, data, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    data += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

[[noreturn]] void workApart(int descriptor, std::chrono::seconds limit,
                            const std::function<void(const SendApart& send)>& work) {
  ::alarm(static_cast<unsigned>(limit.count()));
  try {
    work([&](std::string_view message) { sendAs(descriptor, Head::Kind::message, message); });
    sendAs(descriptor, Head::Kind::done, {});
  } catch (const std::exception& error) {
    sendAs(descriptor, Head::Kind::threw, *error.what() == '\0' ? "failed without a word" : error.what());
  } catch (...) {
    sendAs(descriptor, Head::Kind::threw, "threw something that is not a std::exception");
  }
  ::_exit(0);
}

std::string ending(int status, std::chrono::seconds limit) {
  if (WIFSIGNALED(status)) {
    if (WTERMSIG(status) == SIGALRM) return "did not end within " + std::to_string(limit.count()) + " s";
    return std::string("crashed: ") + strsignal(WTERMSIG(status));
  }
  return "ended the process with exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

std::string runApart(std::chrono::seconds limit, const std::function<void(const SendApart& send)>& work,
                     const std::function<void(std::string message)>& receive) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw std::runtime_error(std::string("can't make a pipe: ") + std::strerror(errno));
  const UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  const auto child = ::fork();
  if (child < 0) throw std::runtime_error(std::string("can't start a process: ") + std::strerror(errno));
  if (child == 0) workApart(out.get(), limit, work);
  out.reset();
  std::optional<std::string> reported;  // how the work ended
  Head head;
  std::array<char, sizeof head> bytes{};
  while (!reported && readAll(in.get(), bytes.data(), bytes.size())) {
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.size > kMaxMessage) break;
    std::string message(head.size, '\0');
    if (!readAll(in.get(), message.data(), message.size())) break;
    if (head.kind == Head::Kind::message)
      receive(std::move(message));
    else
      reported = std::move(message);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return reported ? *reported : ending(status, limit);
}

}  // namespace mortise
