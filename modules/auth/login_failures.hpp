// Failed logins per account name, in every family: after a number of them within a window a name is locked, whether an
// account has it or not. A client that failed as often is locked out of it before; of its failures only some count for
// the name, so that one client can't lock the name for others.
#pragma once

#include <mortise/identity.hpp>
#include <mortise/limits.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace auth {

// Under which failed logins are counted, whatever family they come from: e-mail addresses in the form that is stored;
// user names in that of their account, so that one name written in several ways gets no more tries.
std::string emailFailureKey(std::string_view email);
std::string nameFailureKey(const mortise::Identity& identity, std::string_view typed);

// The numbers stand in the contract, under x-mortise-buckets.
class LoginFailures {
 public:
  explicit LoginFailures(mortise::Limits limits) : limits_(limits) {}

  // One attempt. It counts as a failure from the start, so that many guesses at once get no more than their number; say
  // how it ended.
  class Attempt {
   public:
    // Problem 429 rate_limited when the name is locked, for all or for this client.
    Attempt(const LoginFailures& failures, std::string key);
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    ~Attempt();  // undecided (something broke on the way): not counted

    void failed() { decided_ = true; }
    void succeeded();  // forgets the failures before

   private:
    void count();
    void release() noexcept;

    const LoginFailures& failures_;
    std::string key_;
    std::vector<const char*> taken_;  // buckets
    bool decided_ = false;
  };

 private:
  mortise::Limits limits_;
};

}  // namespace auth
