// Reads the client's WebSocket frames (RFC 6455, section 5) from a byte stream split anywhere. Masked frames only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/http/utf8_validator.hpp"

namespace mortise::http {

class WebSocketDecoder {
 public:
  enum class Event : std::uint8_t { none, text, binary, ping, pong, close, error };
  struct Step {
    std::size_t consumed = 0;
    Event event = Event::none;
    int code = 0;              // close: as received (1005 = none); error: to be sent (1002, 1007, 1009)
    std::string_view payload;  // message, control payload, or reason; valid until the next feed()
  };

  explicit WebSocketDecoder(std::size_t maxMessage) : maxMessage_(maxMessage) {}

  // Consumes input up to the next event. After close or error it reads nothing more.
  Step feed(std::string_view input);

 private:
  Step fail(std::size_t consumed, int code, const char* why);
  bool header(int& code, const char*& why);
  Step frameDone(std::size_t consumed);
  Step closeFrame(std::size_t consumed);

  const std::size_t maxMessage_;
  std::uint8_t head_[14] = {};
  std::size_t headHave_ = 0;
  std::size_t headNeed_ = 2;
  bool inPayload_ = false;
  std::uint64_t left_ = 0;
  std::uint8_t mask_[4] = {};
  unsigned maskAt_ = 0;
  std::uint8_t opcode_ = 0;  // of the current frame
  bool final_ = false;
  std::uint8_t messageOpcode_ = 0;  // of the current message; 0 = none
  bool deliver_ = false;            // message_ was delivered; clear it before the next frame
  std::string message_;
  std::string control_;
  Utf8Validator utf8_;
  bool stopped_ = false;
};

// Codes that are valid in a close frame.
bool isValidCloseCode(int code);

}  // namespace mortise::http
