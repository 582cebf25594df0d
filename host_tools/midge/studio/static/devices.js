// SPDX-License-Identifier: MIT
// The microphone and the camera of this computer, or phone, once a person has allowed them.

const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/** Whether a device was allowed before, so that it may be used without asking. */
export async function allowed(name) {
    try {
        return (await navigator.permissions.query({ name })).state === "granted";
    } catch {
        return false; // a browser that does not tell
    }
}

/** Sends what the microphone hears: send(message), a letter and int16 at 16 kHz. Throws what the browser says. */
export class Microphone {
    constructor(send) {
        this.send = send;
    }

    async open() {
        this.stream = await navigator.mediaDevices.getUserMedia({ audio: PLAIN });
        this.context = new AudioContext();
        await this.context.audioWorklet.addModule("/static/ear.js");
        const ear = new AudioWorkletNode(this.context, "ear");
        ear.port.onmessage = ({ data }) => this.send(message("s", data));
        this.context.createMediaStreamSource(this.stream).connect(ear);
        await this.context.resume();
    }

    close() {
        this.stream?.getTracks().forEach((track) => track.stop());
        this.context?.close();
        this.stream = this.context = null;
    }

    get on() {
        return Boolean(this.stream?.active);
    }
}

/** A letter, and an array's bytes; both ends are little-endian, as all browsers' machines are. */
export function message(letter, array) {
    const bytes = new Uint8Array(1 + array.byteLength);
    bytes[0] = letter.charCodeAt(0);
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), 1);
    return bytes;
}

/** Shows what the camera sees in a video element, and takes pictures of its middle. Throws what the browser says. */
export class Camera {
    constructor(video) {
        this.video = video;
    }

    async open(facing = "user") {
        this.stream = await navigator.mediaDevices.getUserMedia({
            video: { facingMode: facing, width: { ideal: 640 }, height: { ideal: 480 } },
        });
        this.video.srcObject = this.stream;
        await this.video.play();
    }

    close() {
        this.stream?.getTracks().forEach((track) => track.stop());
        this.video.srcObject = null;
        this.stream = null;
    }

    get on() {
        return Boolean(this.stream?.active);
    }

    /** A JPEG of side x side pixels, of the largest square in the middle, made small by halves so that nothing flickers. */
    async shoot(side) {
        const { videoWidth: width, videoHeight: height } = this.video;
        let size = Math.min(width, height);
        let canvas = new OffscreenCanvas(size, size);
        canvas.getContext("2d").drawImage(this.video, (size - width) / 2, (size - height) / 2);
        while (size !== side) {
            const next = size > 2 * side ? Math.ceil(size / 2) : side;
            const smaller = new OffscreenCanvas(next, next);
            const context = smaller.getContext("2d");
            context.imageSmoothingQuality = "high";
            context.drawImage(canvas, 0, 0, next, next);
            [canvas, size] = [smaller, next];
        }
        return canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
    }
}
