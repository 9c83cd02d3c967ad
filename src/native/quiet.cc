// An addon of one function, quietly(f): calls f with stderr going nowhere. TensorFlow's libraries log while they are
// being loaded, before TF_CPP_MIN_LOG_LEVEL has any effect.
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

namespace {

napi_value Quietly(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value f, undefined, result = nullptr;
  if (napi_get_cb_info(env, info, &argc, &f, nullptr, nullptr) != napi_ok || argc < 1) return nullptr;
  napi_get_undefined(env, &undefined);
  const int saved = dup(STDERR_FILENO);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (saved >= 0 && nowhere >= 0) dup2(nowhere, STDERR_FILENO);
  // What f throws stays pending and is thrown on when this returns.
  napi_call_function(env, undefined, f, 0, nullptr, &result);
  if (saved >= 0) {
    dup2(saved, STDERR_FILENO);
    close(saved);
  }
  if (nowhere >= 0) close(nowhere);
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value quietly;
  if (napi_create_function(env, "quietly", NAPI_AUTO_LENGTH, Quietly, nullptr, &quietly) == napi_ok) {
    napi_set_named_property(env, exports, "quietly", quietly);
  }
  return exports;
}
