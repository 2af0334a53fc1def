// The addon: what Portolan's TypeScript (ts/edge/native) sees of the native packet path. Several worker threads load it, each with an
// environment of its own: there are no globals here.
#include <napi.h>

#include <unistd.h>

#include "layout.h"
#include "packet_path_wrap.h"
#include "ring_addon.h"
#include "socket.h"
#include "steering.h"
#include "system_error.h"
#include "unreachable.h"

namespace portolan {
namespace {

Napi::Object ToObject(Napi::Env env, const Offload& offload) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("on", offload.on);
  object.Set("reason", offload.reason);
  return object;
}

Napi::Value OpenSocket(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object from = info[0].As<Napi::Object>();
  UdpOptions options;
  options.host = from.Get("host").As<Napi::String>().Utf8Value();
  options.port = static_cast<uint16_t>(from.Get("port").As<Napi::Number>().Uint32Value());
  if (from.Has("peerHost")) {
    options.peerHost = from.Get("peerHost").As<Napi::String>().Utf8Value();
    options.peerPort = static_cast<uint16_t>(from.Get("peerPort").As<Napi::Number>().Uint32Value());
  }
  options.reusePort = from.Get("reusePort").ToBoolean();
  options.joins = from.Get("joins").ToBoolean();
  options.fragments = from.Get("fragments").ToBoolean();
  options.receiveBuffer = from.Get("receiveBuffer").As<Napi::Number>().Int32Value();
  options.sendBuffer = from.Get("sendBuffer").As<Napi::Number>().Int32Value();
  options.gso = from.Get("gso").ToBoolean();
  options.gro = from.Get("gro").ToBoolean();
  return Guarded(env, [&]() -> Napi::Value {
    const UdpSocket socket = OpenUdpSocket(options);
    Napi::Object opened = Napi::Object::New(env);
    opened.Set("fd", socket.fd);
    opened.Set("host", socket.host);
    opened.Set("port", socket.port);
    opened.Set("gso", ToObject(env, socket.gso));
    opened.Set("gro", ToObject(env, socket.gro));
    return opened;
  });
}

Napi::Value TellUnreachable(const Napi::CallbackInfo& info) {
  const auto address = [&](size_t at) {
    socklen_t length;
    return ParseAddress(info[at].As<Napi::String>().Utf8Value(),
                        static_cast<uint16_t>(info[at + 1].As<Napi::Number>().Uint32Value()), length);
  };
  return Guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Boolean::New(info.Env(), SendPacketError(PacketError(info[4].As<Napi::Number>().Uint32Value()), address(0), address(2)));
  });
}

Napi::Value CloseFd(const Napi::CallbackInfo& info) {
  close(info[0].As<Napi::Number>().Int32Value());
  return info.Env().Undefined();
}

Napi::Value Detach(const Napi::CallbackInfo& info) {
  const int fd = info[0].As<Napi::Number>().Int32Value();
  return Guarded(info.Env(), [&]() -> Napi::Value {
    DetachSocket(fd);
    return info.Env().Undefined();
  });
}

Napi::Value Steer(const Napi::CallbackInfo& info) {
  return ToObject(info.Env(), SteerByLink(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Uint32Value()));
}

Napi::Value MakeEvent(const Napi::CallbackInfo& info) {
  return Guarded(info.Env(), [&]() -> Napi::Value { return Napi::Number::New(info.Env(), CreateEvent()); });
}

Napi::Value Signal(const Napi::CallbackInfo& info) {
  const int fd = info[0].As<Napi::Number>().Int32Value();
  return Guarded(info.Env(), [&]() -> Napi::Value {
    SignalEvent(fd);
    return info.Env().Undefined();
  });
}

Napi::Object Initialise(Napi::Env env, Napi::Object exports) {
  exports.Set("layout", layout::FINGERPRINT);
  exports.Set("openUdpSocket", Napi::Function::New(env, OpenSocket, "openUdpSocket"));
  exports.Set("tellUnreachable", Napi::Function::New(env, TellUnreachable, "tellUnreachable"));
  exports.Set("closeSocket", Napi::Function::New(env, CloseFd, "closeSocket"));
  exports.Set("detachSocket", Napi::Function::New(env, Detach, "detachSocket"));
  exports.Set("steerByLink", Napi::Function::New(env, Steer, "steerByLink"));
  exports.Set("createEvent", Napi::Function::New(env, MakeEvent, "createEvent"));
  exports.Set("signalEvent", Napi::Function::New(env, Signal, "signalEvent"));
  exports.Set("ring", DefineRing(env));
  exports.Set("PacketPath", PacketPathWrap::Define(env));
  return exports;
}

}  // namespace
}  // namespace portolan

// The macro takes a name without a namespace.
static Napi::Object InitialiseAddon(Napi::Env env, Napi::Object exports) { return portolan::Initialise(env, exports); }
NODE_API_MODULE(portolan, InitialiseAddon)
