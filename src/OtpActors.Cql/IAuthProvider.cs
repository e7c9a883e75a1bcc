using System.Text;

namespace OtpActors.Cql;

/// <summary>Makes an authenticator for each connection.</summary>
public interface IAuthProvider
{
    /// <summary>An authenticator for one connection. Called on any thread, once for each.</summary>
    /// <param name="authenticator">The class name that the server gave.</param>
    IAuthenticator Create(string authenticator);
}

/// <summary>One connection's side of a SASL exchange. Called by one thread at a time.</summary>
public interface IAuthenticator
{
    /// <summary>The token sent first.</summary>
    byte[] InitialResponse();

    /// <summary>The answer to the server's challenge, which may be null. What it throws fails the connection.</summary>
    byte[] EvaluateChallenge(byte[]? challenge);
}

/// <summary>User name and password as SASL PLAIN (RFC 4616): NUL, name, NUL, password.</summary>
public sealed class PlainTextAuthProvider(string username, string password) : IAuthProvider
{
    /// <inheritdoc/>
    public IAuthenticator Create(string authenticator) => new Plain(username, password);

    /// <summary>The user's name, without the password.</summary>
    public override string ToString() => $"plain text, user {username}";

    private sealed class Plain(string username, string password) : IAuthenticator
    {
        public byte[] InitialResponse() => Encoding.UTF8.GetBytes($"\0{username}\0{password}");

        // Some authenticators first ask which mechanism it is; the answer is the same.
        public byte[] EvaluateChallenge(byte[]? challenge) => InitialResponse();
    }
}
