#include "mcp/child_streams.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "mcp/transport.hpp"

namespace agent::mcp {
namespace {

using Cause = Failure::Cause;
using sandbox::Fd;

constexpr std::size_t kMaxWords = 4096;

void makeNonBlocking(const Fd& descriptor) {
  ::fcntl(descriptor.get(), F_SETFL, ::fcntl(descriptor.get(), F_GETFL) | O_NONBLOCK);
}

}  // namespace

Pipe makePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Failure(Cause::gone, "there are no descriptors left for it");
  return {Fd(ends[0]), Fd(ends[1])};
}

ChildStreams::ChildStreams(Fd input, Fd output, Fd errors)
    : input_(std::move(input)), output_(std::move(output)), errors_(std::move(errors)), lines_(kMaxMessage) {
  for (const auto* end : {&input_, &output_, &errors_}) makeNonBlocking(*end);
}

void ChildStreams::write(std::string_view line, const Waiting& waiting) {
  std::string text(line);
  text.push_back('\n');
  for (std::string_view left = text; !left.empty();) {
    const auto written = ::write(input_.get(), left.data(), left.size());
    if (written > 0) {
      left.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN || errno == EINTR) {
      waiting.check();
      exchange(waiting, true);
    } else {
      throw ended();
    }
  }
}

std::string ChildStreams::readLine(const Waiting& waiting) {
  for (;;) {
    if (auto line = lines_.next()) return *std::move(line);
    if (outputEnded_) throw ended();
    waiting.check();
    exchange(waiting, false);
  }
}

std::string ChildStreams::lastWords() {
  readErrors();
  return words_;
}

void ChildStreams::close() noexcept {
  input_.reset();
  output_.reset();
  errors_.reset();
}

// Waits a little for either side; reads what there is.
void ChildStreams::exchange(const Waiting& waiting, bool writing) {
  std::array<pollfd, 3> all{{{outputEnded_ ? -1 : output_.get(), POLLIN, 0},
                             {errorsEnded_ ? -1 : errors_.get(), POLLIN, 0},
                             {writing ? input_.get() : -1, POLLOUT, 0}}};
  ::poll(all.data(), all.size(), static_cast<int>(waiting.slice().count()));
  readErrors();
  std::array<char, 65536> piece;
  while (!outputEnded_) {
    const auto got = ::read(output_.get(), piece.data(), piece.size());
    if (got > 0) {
      if (!lines_.take({piece.data(), static_cast<std::size_t>(got)}))
        throw Failure(Cause::unreadable, "it wrote a message that is too large, or too many");
      if (got < static_cast<ssize_t>(piece.size())) break;
    } else if (got == 0) {
      outputEnded_ = true;
    } else if (errno == EINTR) {
      continue;
    } else {
      outputEnded_ = errno != EAGAIN;
      break;
    }
  }
}

void ChildStreams::readErrors() {
  std::array<char, 4096> piece;
  for (int pieces = 0; !errorsEnded_ && pieces < 64; ++pieces) {
    const auto got = ::read(errors_.get(), piece.data(), piece.size());
    if (got > 0) {
      words_.append(piece.data(), static_cast<std::size_t>(got));
      if (words_.size() > kMaxWords) words_.erase(0, words_.size() - kMaxWords);
    } else {
      errorsEnded_ = got == 0 || (errno != EAGAIN && errno != EINTR);
      break;
    }
  }
}

Failure ChildStreams::ended() {
  readErrors();
  return {Cause::gone, "its process ended"};
}

}  // namespace agent::mcp
