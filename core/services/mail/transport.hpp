// One way to deliver a finished message. One thread per call; several calls may run at once.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/services/mail/mail.hpp"

namespace mortise::services::mail {

struct Envelope {
  std::string from, to, message;
};

// Why a delivery failed.
class TransportError : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t {
    refused,  // this mail, for good
    later,    // this mail, for now
    relay,    // no mail can be delivered now: no connection, no TLS, a wrong password, a sender that it does not take
  };
  TransportError(Kind why, const std::string& text) : std::runtime_error(text), kind(why) {}
  const Kind kind;
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual void deliver(const Envelope& envelope) = 0;  // throws TransportError
  virtual void probe(const std::string& from) = 0;     // the same without a recipient; throws TransportError
  virtual void interrupt() {}                          // ends running deliveries; later ones fail
};

std::unique_ptr<Transport> openOutbox(std::string_view directory);
// Throws ServiceError{invalid} when the URL can't be that of a relay.
void checkSmtpUrl(std::string_view url);
std::unique_ptr<Transport> openSmtp(std::string_view url, const MailerOptions& options);

}  // namespace mortise::services::mail
