import { Body, Controller, Delete, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import {
  createSessionSchema,
  type CreateSessionRequest,
  type SessionView,
  type SignInLinkView,
} from '#libs/contracts';
import { Access, PublicAccess } from '../access.decorator.js';
import { CurrentCaller, type CallerRequest, type Identity } from '../caller.js';
import { clientAddress } from '../doors/client-address.js';
import { SIGN_IN_PATH } from '../sign-in/sign-in-path.js';
import { clearSessionCookie, setSessionCookie } from './session-cookie.js';
import { DocEnd, DocLink, DocStart, DocWhoAmI } from './session.docs.js';
import { Sessions } from './sessions.js';
import { SignIn } from './sign-in.js';
import { AuditBody } from '../../audit/tell-body.js';
import { SignInLinks } from './sign-in-links.js';

/** REST of the caller's own session. */
@ApiTags('session')
@Controller('session')
@Access('viewer', { forOwnJobs: true })
export class SessionController {
  constructor(
    private readonly signIn: SignIn,
    private readonly sessions: Sessions,
    private readonly links: SignInLinks,
  ) {}

  @PublicAccess()
  @Post()
  @HttpCode(200)
  @AuditBody<CreateSessionRequest>({ key: 'omitted' })
  @DocStart()
  async start(
    @Body({ schema: createSessionSchema }) { key }: CreateSessionRequest,
    @Req() request: CallerRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SessionView> {
    const { text, caller } = await this.signIn.byKey(key, clientAddress(request));
    // The audit log names who has signed in.
    request.caller = caller;
    setSessionCookie(request, response, text);
    return view(caller);
  }

  @Get()
  @DocWhoAmI()
  whoAmI(@CurrentCaller() caller: Identity): SessionView {
    return view(caller);
  }

  @Delete()
  @HttpCode(204)
  @DocEnd()
  async end(
    @CurrentCaller() { session }: Identity,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    if (session) await this.sessions.end(session.id);
    clearSessionCookie(request, response);
  }

  @Access('admin')
  @Post('links')
  @DocLink()
  async link(@CurrentCaller() { owner }: Identity, @Req() request: Request): Promise<SignInLinkView> {
    const { token, expiresAt } = await this.links.create(owner);
    const url = `${request.protocol}://${request.headers.host ?? ''}${SIGN_IN_PATH}?token=${token}`;
    return { url, expiresAt: expiresAt.toISOString() };
  }
}

function view({ name, role, isLimitedToOwn, via, session }: Identity): SessionView {
  return {
    name,
    role,
    ownJobsOnly: isLimitedToOwn,
    via,
    ...(session && { expiresAt: session.expiresAt.toISOString() }),
  };
}
