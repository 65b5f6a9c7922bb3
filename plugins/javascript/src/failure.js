/** Why a record failed. Thrown by the author's function, it fails that record alone, without a stack. */
export class Failure extends Error {
  /** `code` is a short word for machines such as `not-json`, `message` a sentence for people. */
  constructor(code, message) {
    super(message);
    this.name = 'Failure';
    this.code = String(code);
  }
}
