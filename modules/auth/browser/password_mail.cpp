#include "password_mail.hpp"

#include <string>
#include <vector>

namespace auth {
namespace {

std::string english(long long keys, bool ended) {
  if (keys == 0) return "The account has no API keys.";
  const std::string subject = keys == 1 ? "Its one API key " : "Its " + std::to_string(keys) + " API keys ";
  if (ended) return subject + (keys == 1 ? "was" : "were") + " ended with it.";
  return subject + "still " + (keys == 1 ? "works" : "work") + ". If somebody else may know " +
         (keys == 1 ? "it, end it." : "them, end them.");
}

std::string chinese(long long keys, bool ended) {
  if (keys == 0) return "该账号没有 API 密钥。";
  const auto count = std::to_string(keys);
  if (ended) return "该账号的 " + count + " 个 API 密钥已同时失效。";
  return "该账号的 " + count + " 个 API 密钥仍然有效。如果他人可能知道这些密钥，请将其停用。";
}

}  // namespace

mortise::MailText passwordChangedMail(std::string_view language, long long keys, bool ended) {
  using Kind = mortise::MailParagraph::Kind;
  const bool inChinese = mortise::isChinese(language);
  std::vector<mortise::MailParagraph> paragraphs;
  paragraphs.push_back({Kind::words, inChinese ? "您账号的密码刚刚被修改，其他会话均已退出。"
                                               : "The password of your account was just changed, and every other "
                                                 "session was signed out."});
  paragraphs.push_back({Kind::words, inChinese ? chinese(keys, ended) : english(keys, ended)});
  paragraphs.push_back({Kind::words, inChinese ? "如果这不是您的操作，请立即联系管理员。"
                                               : "If it was not you, tell an administrator at once."});
  return mortise::composeMail(inChinese ? "您的密码已修改" : "Your password was changed", language, paragraphs);
}

}  // namespace auth
