// Failed logins per account name, in both families: after a number of them within a window a name is locked, whether an
// account has it or not.
#pragma once

#include <mortise/identity.hpp>
#include <mortise/limits.hpp>

#include <string>
#include <string_view>

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
    Attempt(const LoginFailures& failures, std::string key);  // Problem 429 rate_limited when the name is locked
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    ~Attempt();  // undecided (something broke on the way): not counted

    void failed() { decided_ = true; }
    void succeeded();  // forgets the failures before

   private:
    const LoginFailures& failures_;
    std::string key_;
    bool decided_ = false;
  };

 private:
  mortise::Limits limits_;
};

}  // namespace auth
