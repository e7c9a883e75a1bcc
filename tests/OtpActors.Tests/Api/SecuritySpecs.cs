using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Api;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>Who may do what, and what is refused whoever asks.</summary>
[Collection(OneService.Name)]
public sealed class SecuritySpecs
{
    /// <summary>The scope that each route wants. A new route fails the spec until it is here.</summary>
    private static readonly Dictionary<string, ApiScope> Scopes = new()
    {
        ["POST /api/runs"] = ApiScope.Operate,
        ["GET /api/runs"] = ApiScope.Read,
        ["GET /api/runs/{id}"] = ApiScope.Read,
        ["GET /api/runs/{id}/events"] = ApiScope.Read,
        ["GET /api/runs/{id}/log"] = ApiScope.Read,
        ["POST /api/runs/{id}/again"] = ApiScope.Operate,
        ["POST /api/runs/{id}/cancel"] = ApiScope.Operate,
        ["POST /api/runs/{id}/pause"] = ApiScope.Operate,
        ["POST /api/runs/{id}/resume"] = ApiScope.Operate,
        ["POST /api/runs/{id}/steps/{step}/retry"] = ApiScope.Operate,
        ["POST /api/commands"] = ApiScope.Operate,
        ["POST /api/otps"] = ApiScope.Operate,
        ["GET /api/otps/{email}"] = ApiScope.Read,
        ["GET /api/notifications"] = ApiScope.Read,
        ["GET /api/topics"] = ApiScope.Read,
        ["GET /api/topics/{topic}"] = ApiScope.Read,
        ["GET /api/topics/{topic}/records"] = ApiScope.Read,
        ["GET /api/dead-letters"] = ApiScope.Read,
        ["POST /api/dead-letters/redrive"] = ApiScope.Operate,
        ["GET /api/schedules"] = ApiScope.Read,
        ["POST /api/schedules"] = ApiScope.Operate,
        ["GET /api/schedules/{name}"] = ApiScope.Read,
        ["PUT /api/schedules/{name}"] = ApiScope.Operate,
        ["DELETE /api/schedules/{name}"] = ApiScope.Operate,
        ["POST /api/schedules/{name}/pause"] = ApiScope.Operate,
        ["POST /api/schedules/{name}/resume"] = ApiScope.Operate,
        ["POST /api/schedules/{name}/trigger"] = ApiScope.Operate,
        ["GET /api/config"] = ApiScope.Read,
        ["GET /metrics"] = ApiScope.Read,
    };

    [Fact]
    public async Task Every_route_wants_its_scope()
    {
        await using var service = await ApiService.StartAsync(Keys.Set);
        var routes = service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null)
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"], (endpoint, method) => (
                Route: $"{method} /{endpoint.RoutePattern.RawText!.Trim('/')}", endpoint.Metadata.GetMetadata<IAuthorizeData>()?.Policy))
            .ToList();
        routes.Select(route => route.Route).Order().ShouldBe(Scopes.Keys.Order());
        foreach (var (route, policy) in routes)
        {
            policy.ShouldBe(Scopes[route].ToString(), route);
            var method = new HttpMethod(route.Split(' ')[0]);
            var path = route.Split(' ')[1].Replace("{step}", "produce").Replace("{email}", "a@b.c").Replace("{id}", "none").Replace("{topic}", "none").Replace("{name}", "none");
            var body = method == HttpMethod.Post || method == HttpMethod.Put ? """{"email":"nobody"}""" : null;
            (await service.SendAsync(method, path, body)).ShouldBeProblem(401, "no_key");
            (await service.SendAsync(method, path, body, "otp_wrong")).ShouldBeProblem(401, "no_key");
            (await service.SendAsync(method, path, body, Keys.Revealer)).ShouldBeProblem(403, "not_allowed");
            (await service.SendAsync(method, path, body, Scopes[route] == ApiScope.Read ? Keys.Operator : Keys.Reader)).ShouldBeProblem(403, "not_allowed");
            (await service.SendAsync(method, path, body, Scopes[route] == ApiScope.Read ? Keys.Reader : Keys.Operator)).Status.ShouldBeOneOf(200, 400, 404);
        }

        (await service.GetAsync("/api/none")).ShouldBeProblem(401, "no_key"); // nor is a stranger told what there is
        (await service.GetAsync("/api/none", Keys.Reader)).ShouldBeProblem(404, "not_found");
    }

    [Theory]
    [InlineData("Authorization", "Bearer otp_reader", 200)]
    [InlineData("Authorization", "bearer  otp_reader ", 200)]
    [InlineData("X-Api-Key", "otp_reader", 200)]
    [InlineData("Authorization", "Basic otp_reader", 401)]
    [InlineData("Authorization", "otp_reader", 401)]
    [InlineData("Authorization", "Bearer OTP_READER", 401)]
    [InlineData("Authorization", "Bearer otp_reader,otp_reader", 401)]
    [InlineData("X-Api-Key", "", 401)]
    [InlineData("Cookie", "key=otp_reader", 401)]
    public async Task A_key_comes_in_one_of_two_headers(string header, string value, int status)
    {
        await using var service = await ApiService.StartAsync(Keys.Set);
        var request = new HttpRequestMessage(HttpMethod.Get, "/api/runs");
        request.Headers.TryAddWithoutValidation(header, value);
        (await service.SendAsync(request)).ShouldBe(status);
    }

    [Fact]
    public async Task Without_keys_callers_of_this_machine_read_and_operate_and_see_no_password()
    {
        await using var service = await ApiService.StartAsync();
        (await service.GetAsync("/api/runs")).ShouldBe(200);
        (await service.PostAsync("/api/otps", """{"email":"a@b.c"}""")).ShouldBe(201);
        (await service.GetAsync("/api/otps/a@b.c?reveal=true")).ShouldBeProblem(403, "not_allowed", "reveal");
        (await service.GetAsync("/api/runs", "otp_reader")).ShouldBeProblem(401, "no_key"); // a wrong key is wrong here too
    }

    [Fact]
    public async Task Pages_of_other_sites_change_nothing()
    {
        await using var service = await ApiService.StartAsync();
        foreach (var (header, value) in new[]
        {
            ("Origin", "http://evil.example"), ("Origin", "null"), ("Origin", $"{service.Url}.evil.example"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"),
        })
        {
            (await service.SendAsync(With(HttpMethod.Post, "/api/otps", header, value))).ShouldBeProblem(403, "cross_site", "Origin");
            var read = (await service.SendAsync(With(HttpMethod.Get, "/api/runs", header, value))).ShouldBe(200);
            read.Headers.ShouldNotContainKey("Access-Control-Allow-Origin");
        }

        var preflight = With(HttpMethod.Options, "/api/otps", "Origin", "http://evil.example");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        var answer = await service.SendAsync(preflight);
        answer.Status.ShouldBeInRange(400, 499);
        answer.Headers.ShouldNotContainKey("Access-Control-Allow-Origin");
        (await service.SendAsync(With(HttpMethod.Post, "/api/otps", "Origin", service.Url))).ShouldBe(201);
        (await service.SendAsync(With(HttpMethod.Post, "/api/otps", "Sec-Fetch-Site", "same-origin"))).ShouldBe(201);
        service.Data.TopicCount.ShouldBe(2);
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("localhost.evil.example:8080")]
    public async Task A_name_that_leads_here_is_no_way_in(string host)
    {
        await using var service = await ApiService.StartAsync();
        (await service.SendAsync(With(HttpMethod.Get, "/api/runs", "Host", host))).ShouldBeProblem(403, "wrong_host", "Host");
        (await service.SendAsync(With(HttpMethod.Get, "/docs", "Host", host))).ShouldBeProblem(403, "wrong_host", "Host");
        (await service.SendAsync(With(HttpMethod.Get, "/api/runs", "Host", "localhost"))).ShouldBe(200);
    }

    [Fact]
    public async Task Every_answer_has_its_security_headers()
    {
        await using var service = await ApiService.StartAsync(options => options.Http.MaxBodyBytes = 2_048);
        var answers = new List<Answer>
        {
            await service.GetAsync("/api/runs"),
            await service.GetAsync("/openapi/v1.json"),
            await service.GetAsync("/docs/"),
            await service.GetAsync("/none"),
            await service.GetAsync("/api/runs?limit=x"),
            await service.GetAsync("/api/runs", "wrong"),
            await service.PostAsync("/api/runs", "{"),
            await service.PostAsync("/api/runs", new string(' ', 4_000)),
            await service.SendAsync(HttpMethod.Delete, "/api/runs", null),
            await service.SendAsync(With(HttpMethod.Post, "/api/otps", "Origin", "http://evil.example")),
        };
        answers.Select(answer => answer.Status).ShouldBe([200, 200, 200, 404, 400, 401, 400, 413, 405, 403]);
        foreach (var answer in answers)
        {
            answer.Headers["X-Content-Type-Options"].ShouldBe("nosniff", answer.Text);
            answer.Headers["X-Frame-Options"].ShouldBe("DENY");
            answer.Headers["Referrer-Policy"].ShouldBe("no-referrer");
            answer.Headers["Content-Security-Policy"].ShouldContain("frame-ancestors 'none'");
            answer.Headers["Cache-Control"].ShouldContain("no-store");
            answer.Headers.ShouldNotContainKey("Server");
        }
    }

    [Fact]
    public async Task A_caller_with_too_many_requests_is_told_to_wait_and_others_are_not()
    {
        await using var service = await ApiService.StartAsync(options =>
        {
            Keys.Set(options);
            options.Http.RequestsPerSecond = 1;
        });
        var answers = new List<Answer>();
        for (var i = 0; i < 50; i++)
        {
            answers.Add(await service.GetAsync("/api/runs?limit=1", Keys.Reader));
        }

        var refused = answers.First(answer => answer.Status != 200).ShouldBeProblem(429, "too_many_requests");
        refused.Headers["Retry-After"].ShouldBe("1");
        (await service.GetAsync("/api/runs", Keys.Auditor)).ShouldBe(200);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_that_is_too_large_is_refused(bool chunked)
    {
        await using var service = await ApiService.StartAsync(options => options.Http.MaxBodyBytes = 2_048);
        var body = $$"""{"email":"a@b.c","otp":"{{new string('1', 4_000)}}"}""";
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/otps") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TransferEncodingChunked = chunked;
        (await service.SendAsync(request)).ShouldBeProblem(413, "body_too_large");
        var unread = new HttpRequestMessage(HttpMethod.Post, "/api/none") { Content = new StringContent(body, Encoding.UTF8, "text/plain") };
        unread.Headers.TransferEncodingChunked = chunked;
        (await service.SendAsync(unread)).Status.ShouldBe(chunked ? 404 : 413);
        service.Data.TopicCount.ShouldBe(0);
    }

    [Fact]
    public async Task What_is_no_HTTP_ends_the_connection_and_nothing_else()
    {
        await using var service = await ApiService.StartAsync();
        var port = new Uri(service.Url).Port;
        foreach (var request in new[]
        {
            "NONSENSE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /api/runs HTTP/1.1\r\n\r\n", "GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"GET /api/runs HTTP/1.1\r\nHost: localhost\r\nX: {new string('a', 100_000)}\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00",
        })
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request), TestContext.Current.CancellationToken);
            client.Client.Shutdown(SocketShutdown.Send);
            try
            {
                var said = await new StreamReader(stream).ReadToEndAsync(TestContext.Current.CancellationToken).Eventually();
                said.ShouldMatch("^(HTTP/1.1 4..|HTTP/1.1 505|$)");
            }
            catch (IOException)
            {
                // ended in the midst of what was sent
            }
        }

        (await service.GetAsync("/api/runs")).ShouldBe(200);
    }

    private static HttpRequestMessage With(HttpMethod method, string path, string header, string value)
    {
        var request = new HttpRequestMessage(method, path);
        if (method == HttpMethod.Post)
        {
            request.Content = new StringContent("""{"email":"a@b.c"}""", MediaTypeHeaderValue.Parse("application/json"));
        }

        request.Headers.TryAddWithoutValidation(header, value);
        return request;
    }
}
