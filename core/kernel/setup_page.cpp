#include "core/kernel/setup_page.hpp"

#include <initializer_list>

#include "core/contract/kernel_contract.hpp"

namespace mortise::kernel {

namespace {

struct Words {
  std::string_view language, title, explanation, name, email, passwordFrom, passwordTo, button, created;
};

constexpr Words kEnglish{
    "en",          "Set up Mortise",       "This link makes the first administrator. It works once.",
    "User name",   "E-mail (optional)",    "Password, at least ",
    " characters", "Create administrator", "Administrator {} was created."};
constexpr Words kChinese{"zh-CN",   "设置 Mortise", "此链接用于创建第一个管理员，仅可使用一次。",
                         "用户名",  "邮箱（可选）", "密码，至少 ",
                         " 个字符", "创建管理员",   "管理员 {} 已创建。"};

std::string pageWith(const Words& words) {
  const auto password = contract::administratorPassword();
  const auto least = std::to_string(password.least), most = std::to_string(password.most);
  std::string html;
  for (
      const auto piece : std::initializer_list<std::string_view>{
          R"(<!doctype html>
<html lang=")",
          words.language,
          R"(">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>)",
          words.title,
          R"(</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto; padding: 0 1rem; color: #1b1f24; }
label { display: block; margin-top: 1rem; }
input { width: 100%; padding: .5rem; font: inherit; box-sizing: border-box; }
button { margin-top: 1.5rem; padding: .6rem 1.2rem; font: inherit; }
#outcome { margin-top: 1rem; min-height: 1.5rem; }
</style>
</head>
<body>
<h1>)",
          words.title,
          "</h1>\n<p>",
          words.explanation,
          "</p>\n<form id=\"form\">\n<label>",
          words.name,
          R"( <input name="username" autocomplete="username" required minlength="3" maxlength="50" pattern="[A-Za-z0-9_]+"></label>
<label>)",
          words.email,
          R"( <input name="email" type="email" autocomplete="email"></label>
<label>)",
          words.passwordFrom,
          least,
          words.passwordTo,
          R"( <input name="password" type="password" autocomplete="new-password" required minlength=")",
          least,
          R"(" maxlength=")",
          most,
          R"("></label>
<button>)",
          words.button,
          R"(</button>
</form>
<p id="outcome" role="status" data-created=")",
          words.created,
          R"("></p>
<script src="/setup.js"></script>
</body>
</html>
)"}) {
    html += piece;
  }
  return html;
}

}  // namespace

const std::string& setupPage(std::string_view language) {
  static const std::string english = pageWith(kEnglish), chinese = pageWith(kChinese);
  return language == kChinese.language ? chinese : english;
}

std::string_view setupScript() {
  return R"(const form = document.getElementById('form');
const outcome = document.getElementById('outcome');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(form));
  if (!fields.email) delete fields.email;
  fields.token = new URLSearchParams(location.search).get('token') || '';
  const answer = await fetch('/setup', {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(fields),
  });
  const body = await answer.json();
  outcome.textContent = answer.ok ? outcome.dataset.created.replace('{}', body.username) : body.detail;
  if (answer.ok) form.remove();
});
)";
}

}  // namespace mortise::kernel
