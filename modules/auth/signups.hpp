// Sign-up by e-mailed code. Whether an address has an account must not show: both ways do the same work in the same
// order.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/log.hpp>
#include <mortise/mail.hpp>
#include <mortise/mail_text.hpp>
#include <mortise/module.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "auth_contract.hpp"
#include "email_address.hpp"
#include "signup_code.hpp"
#include "signup_store.hpp"
#include "web_url.hpp"

namespace auth {

class Signups final : public auth_contract::runtime::SignUp {
 public:
  explicit Signups(mortise::Host host);
  const SignupStore& store() const { return store_; }
  // Drops expired sign-ups.
  void purge(mortise::JobRun& run);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply startSignup(const Request& request, const auth_contract::runtime::NewSignup& body) override;
  Reply resendCode(const Request& request, const auth_contract::runtime::AddressOnly& body) override;
  Reply verifyCode(const Request& request, const auth_contract::runtime::CodeCheck& body) override;

  // The account that a confirmed sign-up becomes. Problem 409 username_taken or email_taken.
  mortise::User accountFrom(const mortise::Transaction& tx, const Signup& signup) const;
  mortise::User created(const mortise::Identity& accounts, const Signup& signup) const;
  // Of an account that merely claims the address.
  mortise::User takenOver(const mortise::Identity& accounts, const mortise::User& holder, const Signup& signup) const;
  // Problem 422 unless it is an http or https URL of an allowed origin.
  void requireAllowedRedirect(const std::string& url) const;
  void requireMail() const;
  // Queues a mail that was counted at `takenAt`; gives it back when the mail can't be sent in the end.
  void send(const EmailAddress& address, mortise::MailText text, const MailKeys& keys, std::int64_t takenAt) const;
  MailKeys keysFor(const Request& request, const EmailAddress& address) const;
  std::string linkFor(const std::string& redirectTo, const EmailAddress& address) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Mail mail_;
  mortise::Audit audit_;
  SignupCodes codes_;
  SignupRules rules_;
  SignupStore store_;
  std::string siteUrl_;
  RedirectRule redirects_;
};

}  // namespace auth
