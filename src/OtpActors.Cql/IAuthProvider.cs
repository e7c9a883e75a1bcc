using System.Text;

namespace OtpActors.Cql;

/// <summary>Makes an authenticator for each connection.</summary>
public interface IAuthProvider
{
    /// <param name="authenticator">The class name that the server gave.</param>
    IAuthenticator Create(string authenticator);
}

/// <summary>One connection's side of a SASL exchange. Called by one thread at a time.</summary>
public interface IAuthenticator
{
    byte[] InitialResponse();

    byte[] EvaluateChallenge(byte[]? challenge);
}

/// <summary>User name and password as SASL PLAIN (RFC 4616): NUL, name, NUL, password.</summary>
public sealed class PlainTextAuthProvider(string username, string password) : IAuthProvider
{
    public IAuthenticator Create(string authenticator) => new Plain(username, password);

    public override string ToString() => $"plain text, user {username}";

    private sealed class Plain(string username, string password) : IAuthenticator
    {
        public byte[] InitialResponse() => Encoding.UTF8.GetBytes($"\0{username}\0{password}");

        // Some authenticators first ask which mechanism it is; the answer is the same.
        public byte[] EvaluateChallenge(byte[]? challenge) => InitialResponse();
    }
}
