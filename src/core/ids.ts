declare const brand: unique symbol;

/** A string that has been parsed as one kind of identifier and cannot be mistaken for another. */
export type Branded<Name extends string> = string & { readonly [brand]: Name };

export type ClientId = Branded<'ClientId'>;
export type GrantId = Branded<'GrantId'>;
export type SecretHash = Branded<'SecretHash'>;
/** The `sub` of a token: a user, or for machine clients the client itself. */
export type Subject = Branded<'Subject'>;
/** A resource identifier in canonical form (RFC 8707 §2). */
export type ResourceUri = Branded<'ResourceUri'>;
