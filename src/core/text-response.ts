/** What each response was made of. */
const texts = new WeakMap<Response, string>();

/**
 * A response made of text, which `textOf` gives back: a host that sends it need not read it out of a stream again, which
 * costs more than all else about a small answer.
 * @param init with the content type: none is made up
 */
export function textResponse(text: string, init: ResponseInit): Response {
  const response = new Response(Buffer.from(text), init);
  texts.set(response, text);
  return response;
}

/** The text that a response was made of; `undefined` where it was made in another way. Its body is still to be read. */
export function textOf(response: Response): string | undefined {
  return texts.get(response);
}
