// Lines to and from a program over its stdin and stdout, and what it says on stderr.
#pragma once

#include <string>
#include <string_view>

#include "mcp/line_reader.hpp"
#include "mcp/waiting.hpp"
#include "sandbox/fd.hpp"

namespace agent::mcp {

// A pipe, both ends closed on exec. Throws Failure gone when there is none left.
struct Pipe {
  sandbox::Fd read;
  sandbox::Fd write;
};
Pipe makePipe();

// Used by one thread. Functions throw Failure.
class ChildStreams {
 public:
  // The server's ends of the three pipes; they become non-blocking.
  ChildStreams(sandbox::Fd input, sandbox::Fd output, sandbox::Fd errors);

  void write(std::string_view line, const Waiting& waiting);
  std::string readLine(const Waiting& waiting);
  std::string lastWords();
  void close() noexcept;

 private:
  void exchange(const Waiting& waiting, bool writing);
  void readErrors();
  Failure ended();

  sandbox::Fd input_;   // to the child's stdin
  sandbox::Fd output_;  // from its stdout
  sandbox::Fd errors_;  // from its stderr
  LineReader lines_;
  std::string words_;
  bool outputEnded_ = false;
  bool errorsEnded_ = false;
};

}  // namespace agent::mcp
