// Any bytes as the answer of a model's server, whole and as a stream in pieces, on each wire: it is read, or refused as
// unreadable; what is handed out in pieces is the answer's text.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "event_lines.hpp"
#include "json_reading.hpp"
#include "wire_form.hpp"

namespace {

using namespace mortise::models;

void must(bool good) {
  if (!good) std::abort();
}

template <class Work>
void orUnreadable(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    must(error.cause() == Error::Cause::unreadable);
  }
}

void check(const WireForm& form, std::string_view bytes, std::size_t size) {
  orUnreadable([&] {
    rapidjson::Document body;
    if (parseJson(bytes, body)) form.read(body);
  });
  orUnreadable([&] {
    const auto reader = form.reader();
    std::string delivered;
    EventLines lines([&](const ServerEvent& event) {
      std::string text;
      reader->take(event.data, text);
      delivered += text;
    });
    for (std::size_t at = 0; at < bytes.size(); at += size) lines.take(bytes.substr(at, size));
    lines.finish();
    must(reader->finish().text == delivered);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] % 16 + 1;
  for (const auto wire : {Wire::chatCompletions, Wire::messages, Wire::generateContent})
    check(formOf(wire), bytes, piece);
  must(validUtf8(validUtf8(bytes)) == validUtf8(bytes));
  return 0;
}
