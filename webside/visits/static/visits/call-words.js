/**
 * The words that the modules say. English here; the page brings those of another language as JSON, English → theirs
 * (`<script type="application/json" id="webside-texts">`), and single ones in another tone as
 *
 *   <template data-words><p data-word="state.waiting">…</p>…</template>
 *
 * inside the behaviour's element. `{name}` stands for the other person.
 */

/** @type {Record<string, string>} */
export const ENGLISH = {
  "peer.unknown": "the other person",

  "state.waiting": "{name} is not here yet. You are in the right place.",
  "state.connecting": "Connecting you with {name}.",
  "state.connected": "You are connected with {name}.",
  "state.reconnecting": "We lost the connection. We are trying again.",
  "state.failed": "We can’t get the call back yet.",
  "state.ended": "The call has ended.",

  "quality.good": "Good picture and sound",
  "quality.good-sound": "Good sound",
  "quality.fair": "Fair. The picture may be slow",
  "quality.fair-sound": "Fair sound",
  "quality.poor": "Weak network",
  "quality.sound-only": "Sound only",
  "quality.none": "No connection",

  "notice.reconnecting.head": "We lost the connection. We are trying again.",
  "notice.reconnecting.body": "They may not hear you. You don’t need to do anything.",
  "notice.reconnecting.chat": "Your messages still get through.",
  "notice.failed.head": "We can’t get the call back yet. We keep trying.",
  "notice.failed.body": "They can’t hear you. If it stays like this, use the phone.",
  "notice.connecting-slow.head": "This takes longer than it should.",
  "notice.connecting-slow.body": "We keep trying. If it stays like this, use the phone.",
  "notice.server.head": "The call goes on.",
  "notice.server.body": "You can still talk. Messages wait until the line to our server is back.",
  "notice.away.head": "{name} lost the connection.",
  "notice.away.body": "We keep the line open. You don’t need to do anything.",
  "notice.left.head": "{name} left the call.",
  "notice.left.body": "You can wait here, or leave.",
  "notice.picture-lost.head": "The line is too weak for your picture. Sound goes on.",
  "notice.picture-lost.heard": "{name} can hear you. The picture comes back by itself.",
  "notice.picture-lost.unheard": "The picture comes back by itself.",
  "notice.sound-blocked.head": "Your browser keeps the sound off.",
  "notice.sound-blocked.body": "Press “Turn sound on” to hear {name}.",
  "notice.no-camera.head": "{name} can hear you, not see you.",
  "notice.no-microphone.head": "You can listen. {name} can’t hear you.",
  "notice.no-media.head": "You can see and hear {name}. They can’t see or hear you.",
  "notice.revoked.head": "You can’t use this page any more.",
  "notice.revoked.body": "Your sign-in ended, or the visit is not open to you now. Sign in again to come back.",
  "notice.replaced.head": "This visit is open in another window.",
  "notice.replaced.body": "The call went there. You can close this window. To bring the call back here, load this page again.",
  "notice.lobby.head": "You were asked back to the lobby.",
  "notice.lobby.body": "Nobody sees or hears you now. We take you there.",
  "notice.removed.head": "You are not in this visit any more.",
  "notice.removed.body": "",
  "notice.ended.head": "The visit has ended.",
  "notice.ended.body": "",

  "camera.denied": "The camera is blocked. Allow it in your browser’s address bar, then press the camera button.",
  "camera.missing": "We found no camera. Plug one in, then press the camera button.",
  "camera.busy": "Another program uses the camera. Close it, then press the camera button.",
  "camera.taken": "Another program took the camera, or it was unplugged.",
  "camera.silent": "Nothing comes from your camera. Another program may have it, or its cover is shut.",
  "camera.unsuited": "This camera can’t be used. Choose another one under “Devices”.",
  "camera.insecure": "The camera needs a secure address (https). Ask the clinic for the right link.",
  "camera.failed": "The camera did not start. Unplug it and plug it in again, or go on without it.",
  "microphone.denied": "The microphone is blocked. Allow it in your browser’s address bar, then press the microphone button.",
  "microphone.missing": "We found no microphone. Plug one in, then press the microphone button.",
  "microphone.busy": "Another program uses the microphone. Close it, then press the microphone button.",
  "microphone.taken": "Another program took the microphone, or it was unplugged.",
  "microphone.silent": "Nothing comes from your microphone. Another program may have it, or a key on the device mutes it.",
  "microphone.unsuited": "This microphone can’t be used. Choose another one under “Devices”.",
  "microphone.insecure": "The microphone needs a secure address (https). Ask the clinic for the right link.",
  "microphone.failed": "The microphone did not start. Unplug it and plug it in again.",

  "code.none": "No code yet",
  "code.unsupported": "This browser can’t show a code.",
  "code.broken": "The check failed. Someone may be in between. Hang up and use the phone.",
  "code.unverified": "Not checked",
  "code.same": "Checked. Just you two",
  "code.different": "Different. Someone may be in between. Hang up and use the phone.",

  "code.same-pair": "Checked. Nobody in between",
  "code.theirs": "{name} sees other numbers. Someone may be in between. Hang up and use the phone.",
  "code.short.none": "Private? Check it",
  "code.short.unverified": "Private? Check it",
  "code.short.unsupported": "Can’t be checked",
  "code.short.same": "Checked. Just you two",
  "code.short.some": "Checked with {checked} of {all}",
  "code.short.all": "Checked with all {all}",
  "code.short.different": "Different: hang up",
  "code.short.theirs": "Different: hang up",
  "code.short.broken": "Check failed: hang up",
  "alarm.different.head": "You see different numbers. Someone may be in between.",
  "alarm.theirs.head": "{name} sees different numbers. Someone may be in between.",
  "alarm.broken.head": "The check failed. Someone may be in between.",
  "alarm.body": "Hang up and use the phone.",

  "peer.muted": "{name} is muted",
  "peer.muted-short": "muted",
  "peer.camera-off": "{name} has no picture on",
  "peer.saves-sound": "The line is too weak for the picture of {name}. Sound goes on.",
  "peer.screen-refused": "{name} may not show a screen here.",
  "peer.sound-only": "{name} chose sound only. Sound goes on.",

  "screen.mine": "You are sharing your screen. Everybody here sees it.",
  "screen.mine-ended": "Your screen is not shared any more.",
  "screen.theirs": "{name} is sharing a screen.",
  "screen.theirs-ended": "{name} stopped sharing the screen.",
  "screen.failed": "Your screen could not be shared. Try again, or choose another window.",

  "sounds.asked": "{name} would like to hear your heart and lungs.",
  "sounds.sent": "On. {name} hears your heart and lungs now. Keep still and don’t talk.",
  "sounds.ended": "Off. Your microphone is for speech again.",
  "sounds.declined": "{name} does not send heart and lung sounds now.",
  "sounds.delay": "You hear it about {ms} ms later.",
  "sounds.state.off": "{name} was asked to turn it on.",
  "sounds.state.no": "{name} does not send heart and lung sounds now.",
  "sounds.state.starting": "Starting. This is not the whole sound yet.",
  "sounds.state.whole": "Whole sound, nothing taken out.",
  "sounds.state.weak": "The line is too weak: much of the sound is missing. Don’t judge by it.",

  "people.came": "{name}, {title}, has joined.",
  "people.gone": "{name}, {title}, has left.",
  "people.lobby": "{name}, {title}, is back in the lobby.",
  "people.removed": "{name}, {title}, is not in the visit any more.",
  "people.lost": "{name}, {title}, lost the connection. The visit goes on.",
  "role.patient": "patient",
  "role.clinician": "clinician",
  "role.nurse": "nurse",
  "role.specialist": "specialist",
  "role.interpreter": "interpreter",
  "role.family": "family",
  "role.presenter": "helper on site",
  "role.observer": "observer",
  "relation.spouse": "husband, wife or partner",
  "relation.parent": "parent",
  "relation.child": "son or daughter",
  "relation.sibling": "brother or sister",
  "relation.guardian": "guardian",
  "relation.carer": "carer",
  "relation.friend": "friend",
  "relation.other": "family",
  "face.picture": "Picture of {name}",
  "face.waiting": "{name} comes in",
  "face.connecting": "Connecting with {name}",
  "face.reconnecting": "{name} lost the connection. We try again",
  "face.failed": "{name} lost the connection. We keep trying",
  "face.ended": "",

  "said.muted": "You are muted.",
  "said.unmuted": "They can hear you.",
  "said.camera-off": "Your camera is off.",
  "said.other-camera": "The camera was changed.",
  "said.camera-on": "Your camera is on.",
  "said.picture-off": "Sound only. All pictures are off.",
  "said.picture-on": "Pictures are on.",
  "said.picture-back": "The picture of {name} is back.",
  "said.picture-mine-back": "Your picture is back.",
  "said.signing": "Sign language view on. The interpreter is large.",
  "said.not-signing": "Sign language view off.",
  "said.device": "Changed.",
  "device.numbered": "Device {number}",
  "leave.ask": "Leave the visit? You can come back while it is open.",

  "waiting.online": "The clinic can see that you are here.",
  "waiting.offline": "We lost the connection. Your place is kept. We are trying again.",
  "waiting.admitted": "It’s your turn. We take you in.",

  "check.waiting": "Not checked yet",
  "check.running": "Checking",
  "check.camera.works": "Your camera works.",
  "check.camera.black": "Your camera is on, but the picture is black. Open its cover, or turn on a light.",
  "check.camera.still": "Your camera is on, but gives no picture. Unplug it and plug it in again, or use another one.",
  "check.camera.denied": "The camera is blocked. Allow it in your browser’s address bar, then press “Check now”.",
  "check.camera.missing": "We found no camera. Plug one in and press “Check now”, or go on without it.",
  "check.camera.busy": "Another program uses the camera. Close it, then press “Check now”.",
  "check.camera.unsuited": "This camera can’t be used. Choose another one here.",
  "check.microphone.works": "We hear you.",
  "check.microphone.silent": "Your microphone is on, but we hear nothing. Say a few words, and look for a mute key.",
  "check.microphone.denied": "The microphone is blocked. Allow it in your browser’s address bar, then press “Check now”.",
  "check.microphone.missing": "We found no microphone. Plug one in, then press “Check now”.",
  "check.microphone.busy": "Another program uses the microphone. Close it, then press “Check now”.",
  "check.microphone.unsuited": "This microphone can’t be used. Choose another one here.",
  "check.speaker.ask": "Did you hear the chime?",
  "check.speaker.works": "You heard the chime.",
  "check.speaker.silent": "You heard nothing. Turn the volume up, or choose other speakers.",
  "check.speaker.failed": "The chime could not be played. Look whether speakers or headphones are plugged in.",
  "check.network.works": "Good for video.",
  "check.network.unmeasured": "You reach the clinic well. How much your line carries was not measured.",
  "check.network.low": "Good for a small picture.",
  "check.network.sound": "Good for sound, too weak for picture.",
  "check.network.slow": "Your network is slow to answer. Move closer to your Wi-Fi, or use another network.",
  "check.network.offline": "We can’t reach the clinic from here. Check your internet.",
  "check.network.relay-blocked": "Your network may block video calls. Try another network, such as your phone’s.",
  "check.network.relay-refused": "Our relay did not accept this test. That is our fault; calls may still work.",
  "check.verdict.video": "You are ready for a video visit.",
  "check.verdict.low_video": "You are ready. The picture may be small or slow.",
  "check.verdict.audio_only": "You are ready for a visit with sound only.",
  "check.verdict.phone": "A video visit won’t work from here yet. Do what it says above, or the clinic calls you.",
};

/**
 * @param {Element} root the behaviour's element
 * @returns {(key: string, values?: Record<string, string>) => string} an unknown key gives an empty text
 */
export function wordsOf(root) {
  const own = new Map();
  for (const template of root.querySelectorAll("template[data-words]")) {
    for (const word of /** @type {HTMLTemplateElement} */ (template).content.querySelectorAll("[data-word]")) {
      own.set(word.getAttribute("data-word"), word.textContent?.trim() ?? "");
    }
  }
  // Read here and not through `ui`: the modules of a call stand alone.
  const holder = document.getElementById("webside-texts");
  /** @type {Record<string, string>} */ const translated = holder ? JSON.parse(holder.textContent ?? "{}") : {};
  return (key, values = {}) => {
    const english = ENGLISH[key] ?? "";
    const text = own.get(key) ?? translated[english] ?? english;
    return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  };
}
